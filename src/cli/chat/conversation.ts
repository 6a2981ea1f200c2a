/** Talking: a message, two replies, a vote, the training it begins, the next message. */
import {
  type FeedbackInput,
  type FeedbackResult,
  type GenerateInput,
  type Generation,
  type MemberRef,
  type PalateClient,
  PalateClientError,
} from '../../client/index.js';
import { sentenceOf } from '../sentences.js';
import { askConsent, learnConsent } from './consent.js';
import { History, type Said } from './history.js';
import { renderReveal, renderVoteKeys } from './render.js';
import { showReplies } from './replies.js';
import type { Terminal } from './terminal.js';
import { MemberState } from './training.js';

export interface ConversationOptions {
  member: MemberRef;
  maxTokens: number;
  system?: string;
  /** Makes the conversation repeatable: each message takes the next number as its seed. */
  seed?: number;
}

const HELP = [
  '/continue goes on with a reply that was cut',
  '/undo takes the last vote back',
  '/consent says whether it may learn from your votes',
  '/new begins a new conversation',
  '/quit ends',
];

/** What a key means as a verdict on a generation; undefined for no vote. */
export function verdictOf(
  key: string,
  generation: Pick<Generation, 'candidates'>,
): Pick<FeedbackInput, 'verdict' | 'chosenCandidateId'> | undefined {
  if (key === '=') return { verdict: 'TIE' };
  if (key === 'x') return { verdict: 'ALL_BAD' };
  const chosen = generation.candidates.find((candidate) => String(candidate.index + 1) === key);
  return chosen && { verdict: 'CHOSEN', chosenCandidateId: chosen.id };
}

/** The keys that vote on so many candidates. */
export function voteKeys(candidates: number): string[] {
  const numbers = Array.from({ length: candidates }, (_, index) => String(index + 1));
  return candidates === 2 ? [...numbers, '=', 'x'] : [...numbers, 'x'];
}

/** The conversation until somebody ends it. */
export async function converse(client: PalateClient, terminal: Terminal, options: ConversationOptions): Promise<void> {
  const talk = new Talk(client, terminal, options);
  try {
    await talk.begin();
    for (;;) {
      const message = (await terminal.ask('you> '))?.trim();
      if (message === undefined || message === '/quit') return;
      try {
        if (message !== '' && !(await talk.hear(message))) return;
      } catch (error) {
        // What the gateway refuses, it explains: the conversation goes on. What it does not answer ends it.
        if (!(error instanceof PalateClientError) || error.code === 'UNREACHABLE') throw error;
        terminal.print([terminal.options().style.bad(sentenceOf(error)), '']);
      }
    }
  } finally {
    talk.end();
  }
}

/** One conversation and what it remembers. */
class Talk {
  private readonly state: MemberState;
  private readonly history = new History();
  private lastVote: string | undefined;
  private asked = false;
  private seed: number | undefined;

  constructor(
    private readonly client: PalateClient,
    private readonly terminal: Terminal,
    private readonly options: ConversationOptions,
  ) {
    this.state = new MemberState(client, terminal, options.member);
    this.seed = options.seed;
  }

  async begin(): Promise<void> {
    await this.state.refresh();
    this.dim(`${HELP.join(', ')}.\n`);
  }

  end(): void {
    this.state.stop();
  }

  /** Answers a message or does what a command says; false at the end of input. */
  async hear(message: string): Promise<boolean> {
    if (message === '/new') this.history.clear();
    else if (message === '/undo') this.lastVote = await undo(this.client, this.terminal, this.state, this.lastVote);
    else if (message === '/continue') await this.goOn();
    else if (message === '/consent')
      return (await askConsent(this.client, this.terminal, this.options.member)) !== null;
    else if (message.trim() === '/help') this.terminal.print([...HELP, '']);
    else if (message.startsWith('/')) this.terminal.print([`There is no ${message.split(/\s/, 1)[0]}.`, ...HELP, '']);
    else return this.answer(message);
    return true;
  }

  private async answer(message: string): Promise<boolean> {
    const { client, terminal, state } = this;
    const said = this.history.ask(message);
    await state.refresh();
    const generation = await showReplies(client, terminal, this.inputFor(said), state.learned);
    const key = await vote(terminal, generation);
    if (key === null) return false;
    // Before the vote is cast: what is refused of a vote takes nothing away from the conversation.
    this.history.remember(said, generation, key);
    const verdict = verdictOf(key, generation);
    if (verdict) {
      const { feedback } = await submit(client, terminal, state, generation, verdict);
      this.lastVote = feedback.id;
      if (feedback.state === 'HELD' && !(await this.askOnce())) return false;
    }
    this.tellOfCut();
    return true;
  }

  /** Asks for consent with the first vote that waits for it; false at the end of input. */
  private async askOnce(): Promise<boolean> {
    const { client, terminal, options } = this;
    if (this.asked || (await learnConsent(client, options.member)) !== 'UNASKED') return true;
    this.asked = true;
    return (await askConsent(client, terminal, options.member)) !== null;
  }

  /** Goes on with a reply that was cut at its longest, behind the latent it was written behind. There is nothing to choose from. */
  private async goOn(): Promise<void> {
    const { client, terminal, state, history } = this;
    if (!history.cut) return terminal.print(['no reply of this conversation was cut at its longest', '']);
    history.append(await showReplies(client, terminal, this.inputFor(history.cut), state.learned));
    this.tellOfCut();
  }

  private inputFor(said: Said & { continues?: string }): GenerateInput {
    const { member, maxTokens, system } = this.options;
    const seed = this.seed === undefined ? undefined : this.seed++;
    return {
      member,
      ...said,
      candidateCount: said.continues === undefined ? 2 : 1,
      maxTokens,
      ...(system !== undefined && { system }),
      ...(seed !== undefined && { seed }),
    };
  }

  private tellOfCut(): void {
    if (!this.history.cut) return;
    this.dim(`cut at ${this.options.maxTokens} tokens: /continue goes on with it, --tokens makes replies longer\n`);
  }

  private dim(text: string): void {
    this.terminal.print(this.terminal.options().style.dim(text));
  }
}

async function vote(terminal: Terminal, generation: Generation): Promise<string | null> {
  terminal.print(renderVoteKeys(generation.candidates.length, terminal.options()));
  return terminal.key(voteKeys(generation.candidates.length));
}

/** Casts the vote, shows which reply was made how, and the training that begins. */
export async function submit(
  client: PalateClient,
  terminal: Terminal,
  state: MemberState,
  generation: Generation,
  verdict: Pick<FeedbackInput, 'verdict' | 'chosenCandidateId'>,
): Promise<FeedbackResult> {
  // Followed from before the vote, so that nothing of its training is missed.
  await state.refresh();
  const result = await client.submitFeedback({ generationId: generation.id, ...verdict });
  const revealed = generation.candidates.flatMap(({ id, index }) => {
    const role = result.reveal.find(({ candidateId }) => candidateId === id)?.role;
    return role ? [{ label: String(index + 1), role, chosen: id === verdict.chosenCandidateId }] : [];
  });
  terminal.print(renderReveal(revealed, generation.encoderVersion, terminal.options()));
  if (result.trainingJob) await state.showTraining(result.trainingJob);
  else terminal.print(terminal.options().style.dim(whyNoTraining(result.feedback)));
  terminal.print('');
  return result;
}

function whyNoTraining({ state, verdict }: FeedbackResult['feedback']): string {
  if (state === 'HELD') return 'kept; it counts once you have agreed to learning';
  return verdict === 'CHOSEN'
    ? 'noted; it trains nothing now'
    : 'noted; only a choice between replies trains your taste';
}

async function undo(
  client: PalateClient,
  terminal: Terminal,
  state: MemberState,
  feedbackId: string | undefined,
): Promise<undefined> {
  if (feedbackId === undefined) {
    terminal.print(['there is no vote of this conversation to take back', '']);
    return;
  }
  const result = await client.withdrawFeedback(feedbackId);
  terminal.print('the vote is taken back');
  if (result.trainingJob) await state.showTraining(result.trainingJob);
  terminal.print('');
}
