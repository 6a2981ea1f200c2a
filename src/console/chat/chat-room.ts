/** A conversation that talks to the gateway. It goes on while another page is shown, and is picked up again after a reload of the tab. */
import type { Generation, Verdict } from '../../client/index.js';
import { Observable } from '../observable.js';
import { TAB } from '../session/kept.js';
import { problemOf } from '../session/problem.js';
import type { Session } from '../session/session.js';
import {
  type Change,
  type Conversation,
  changed,
  type Going,
  isBeingWritten,
  type Question,
  type Reply,
  type Turn,
} from './conversation.js';
import { historyOf, sendable } from './history.js';
import { keep, unpack } from './keeping.js';
import { ReplyLength } from './length.js';
import { localId, type WritingListener, writeOn } from './writing.js';

/** Replies to a question. */
export const REPLIES = 2;

interface Running {
  abort: AbortController;
  generationId: string | null;
}

export class ChatRoom {
  readonly conversation: Observable<Conversation>;
  /** True from the first look at a page that has something to go on with: nothing may be sent in between. */
  readonly writing: Observable<boolean>;
  readonly length: ReplyLength;
  private running: Running | null = null;
  private left = false;
  private readonly place: string;

  constructor(private readonly session: Session) {
    // Each member's own: a tab that is used with another link shows nothing of the one before.
    const { platform, scope, externalId } = session.ref;
    this.place = `palate.conversation/${platform}/${scope ?? ''}/${externalId}`;
    this.conversation = new Observable(unpack(TAB.read(this.place)));
    this.writing = new Observable(isBeingWritten(this.conversation.get()));
    this.length = new ReplyLength(session.viewer);
  }

  /** Goes on with what the page was closed over: replies that were being written, and a vote that was not answered. */
  readonly enter = (): void => {
    this.left = false;
    for (const turn of this.conversation.get()) {
      if (turn.status === 'WRITING') void this.write(turn);
      for (const reply of turn.replies) if (reply.going) void this.follow(turn, reply, reply.going);
      const { verdict, chosenId, feedbackId } = turn;
      if (verdict && !feedbackId) void this.submit({ ...turn, verdict: null, chosenId: null }, verdict, chosenId);
    }
  };

  /** Nobody is there any more: nothing is written, and nothing is kept. */
  readonly leave = (): void => {
    this.left = true;
    this.running?.abort.abort();
  };

  readonly ask = (prompt: string): void => void this.begin(prompt, this.conversation.get());

  /** Asks a turn's question again, in its place. */
  readonly askAgain = (turn: Turn): void => {
    const conversation = this.conversation.get();
    const before = conversation.slice(
      0,
      conversation.findIndex(({ key }) => key === turn.key),
    );
    void this.begin(turn.prompt, before, turn.key);
  };

  /** Goes on with a reply that ends where it might be no longer. */
  readonly goOn = (turn: Turn, reply: Reply): void => {
    if (this.running) return;
    const going = { key: localId(), from: reply.text.length, maxTokens: this.length.tokens.get() };
    void this.follow(turn, reply, going);
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
    if (this.left) return;
    const conversation = changed(this.conversation.get(), change);
    if (change.type !== 'GREW' && change.type !== 'WAITS') keep(TAB, this.place, conversation);
    this.conversation.set(conversation);
  }

  private begin(text: string, before: Conversation, replacing?: string): Promise<void> {
    const prompt = sendable(text);
    const question = { key: localId(), prompt, history: historyOf(before), maxTokens: this.length.tokens.get() };
    this.change({ type: 'ASKED', ...question, replacing });
    return this.write(question);
  }

  private async write({ key, prompt, history, maxTokens }: Question): Promise<void> {
    try {
      const generation = await this.run(
        (signal, listener) =>
          writeOn(
            this.session.client,
            { member: this.session.ref, prompt, history, candidateCount: REPLIES, maxTokens, key },
            listener,
            signal,
          ),
        {
          onStart: (generationId, candidateIds) => this.change({ type: 'STARTED', key, generationId, candidateIds }),
          onText: (texts) => this.change({ type: 'GREW', key, texts }),
          onWait: (waiting) => this.change({ type: 'WAITS', key, waiting }),
        },
      );
      if (!generation) return this.change({ type: 'FAILED', key, problem: 'Stopped before anything was written.' });
      this.change({ type: 'FINISHED', key, generation });
      this.session.memberIs(generation.member.id);
    } catch (error) {
      this.session.fail(error);
      this.change({ type: 'FAILED', key, problem: problemOf(error) });
    }
  }

  private async follow({ key, prompt, history }: Turn, { id: replyId, tail }: Reply, going: Going): Promise<void> {
    const start = () => this.change({ type: 'GOES_ON', key, replyId, going });
    const { client, ref: member } = this.session;
    const input = { member, prompt, history, continues: tail, maxTokens: going.maxTokens, key: going.key };
    start();
    try {
      const generation = await this.run((signal, listener) => writeOn(client, input, listener, signal), {
        onStart: start,
        onText: (texts) =>
          this.change({ type: 'GREW', key, texts: new Map([[replyId, [...texts.values()].join('')]]) }),
        onWait: (waiting) => this.change({ type: 'WAITS', key, waiting }),
      });
      this.change({ type: 'WENT_ON', key, replyId, candidate: generation?.candidates[0] ?? null });
    } catch (error) {
      this.session.fail(error);
      this.change({ type: 'WENT_ON', key, replyId, candidate: null, problem: problemOf(error) });
    }
  }

  /** One generation at a time, which `stop` ends. */
  private async run(
    write: (signal: AbortSignal, listener: WritingListener) => Promise<Generation | null>,
    listener: WritingListener,
  ): Promise<Generation | null> {
    const mine: Running = { abort: new AbortController(), generationId: null };
    this.running = mine;
    this.writing.set(true);
    const onStart: WritingListener['onStart'] = (generationId, candidateIds) => {
      mine.generationId = generationId;
      listener.onStart(generationId, candidateIds);
    };
    try {
      return await write(mine.abort.signal, { ...listener, onStart });
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
      const before = { verdict: turn.verdict, chosenId: turn.chosenId, feedbackId: turn.feedbackId };
      this.change({ type: 'VOTE_FAILED', key, problem: problemOf(error), before });
    }
  }
}
