/** A conversation that talks to the gateway. It goes on while another page is shown, and is there again after a reload of the tab. */
import type { Verdict } from '../../client/index.js';
import { Observable } from '../observable.js';
import { problemOf } from '../session/problem.js';
import type { Session } from '../session/session.js';
import { type Change, type Conversation, changed, historyOf, pack, type Turn, unpack } from './conversation.js';
import { localId, write } from './writing.js';

/** Replies to a question. */
export const REPLIES = 2;

export class ChatRoom {
  readonly conversation: Observable<Conversation>;
  readonly writing = new Observable(false);
  private running: { abort: AbortController; generationId: string | null } | null = null;
  private readonly place: string;

  constructor(private readonly session: Session) {
    // Each member's own: a tab that is used with another link shows nothing of the one before.
    const { platform, scope, externalId } = session.ref;
    this.place = `palate.conversation/${platform}/${scope ?? ''}/${externalId}`;
    this.conversation = new Observable(unpack(sessionStorage.getItem(this.place)));
  }

  readonly ask = (prompt: string): void => void this.write(prompt, this.conversation.get());

  /** Asks a turn's question again, in its place. */
  readonly askAgain = (turn: Turn): void => {
    const conversation = this.conversation.get();
    const before = conversation.slice(
      0,
      conversation.findIndex(({ key }) => key === turn.key),
    );
    void this.write(turn.prompt, before, turn.key);
  };

  /** Ends the writing; the text so far stays. */
  readonly stop = (): void => {
    const { generationId, abort } = this.running ?? {};
    if (generationId) this.session.client.cancelGeneration(generationId).catch(() => abort?.abort());
    else abort?.abort();
  };

  readonly vote = (turn: Turn, verdict: Verdict, chosenId: string | null): void =>
    void this.submit(turn, verdict, chosenId);

  /** Ends what is being written and forgets what was said, here in this tab. */
  readonly clear = (): void => {
    this.running?.abort.abort();
    this.change({ type: 'CLEARED' });
  };

  private change(change: Change): void {
    const conversation = changed(this.conversation.get(), change);
    if (change.type !== 'GREW') sessionStorage.setItem(this.place, pack(conversation));
    this.conversation.set(conversation);
  }

  private async write(prompt: string, before: Conversation, replacing?: string): Promise<void> {
    const { client, ref } = this.session;
    const key = localId();
    const mine = { abort: new AbortController(), generationId: null as string | null };
    this.running = mine;
    this.writing.set(true);
    this.change({ type: 'ASKED', key, prompt, replacing });
    try {
      const generation = await write(
        client,
        { member: ref, prompt, history: historyOf(before), candidateCount: REPLIES },
        {
          onStart: (generationId, candidateIds) => {
            mine.generationId = generationId;
            this.change({ type: 'STARTED', key, generationId, candidateIds });
          },
          onText: (texts) => this.change({ type: 'GREW', key, texts }),
        },
        mine.abort.signal,
      );
      if (!generation) return this.change({ type: 'FAILED', key, problem: 'Stopped before anything was written.' });
      this.change({ type: 'FINISHED', key, generation });
      this.session.memberIs(generation.member.id);
    } catch (error) {
      this.session.fail(error);
      this.change({ type: 'FAILED', key, problem: problemOf(error) });
    } finally {
      if (this.running === mine) {
        this.running = null;
        this.writing.set(false);
      }
    }
  }

  private async submit(turn: Turn, verdict: Verdict, chosenId: string | null): Promise<void> {
    const { key, generationId } = turn;
    if (!generationId) return;
    this.change({ type: 'VOTING', key, verdict, chosenId });
    try {
      const result = await this.session.client.submitFeedback({ generationId, verdict, chosenCandidateId: chosenId });
      this.change({ type: 'VOTED', key, result });
    } catch (error) {
      this.session.fail(error);
      const before = { verdict: turn.verdict, chosenId: turn.chosenId };
      this.change({ type: 'VOTE_FAILED', key, problem: problemOf(error), before });
    }
  }
}
