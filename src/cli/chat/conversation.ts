/** Talking: a message, two replies, a vote, the training it begins, the next message. */
import {
  type ChatTurn,
  type FeedbackInput,
  type FeedbackResult,
  type Generation,
  type MemberRef,
  type PalateClient,
  PalateClientError,
} from '../../client/index.js';
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

const HELP = ['/undo takes the last vote back', '/new begins a new conversation', '/quit ends'];
/** Turns of the conversation that the model is told. */
const HISTORY_TURNS = 8;

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
  const state = new MemberState(client, terminal, options.member);
  const history: ChatTurn[] = [];
  let lastVote: string | undefined;
  let seed = options.seed;
  try {
    await state.refresh();
    terminal.print(terminal.options().style.dim(`${HELP.join(', ')}.\n`));
    for (;;) {
      const message = (await terminal.ask('you> '))?.trim();
      if (message === undefined || message === '/quit') return;
      try {
        if (message === '') continue;
        if (message === '/new') history.length = 0;
        else if (message === '/undo') lastVote = await undo(client, terminal, state, lastVote);
        else if (message.startsWith('/')) terminal.print(HELP);
        else {
          const generation = await showReplies(
            client,
            terminal,
            inputFor(message, history, options, seed),
            state.learned,
          );
          if (seed !== undefined) seed++;
          const key = await vote(terminal, generation);
          if (key === null) return;
          const verdict = verdictOf(key, generation);
          if (verdict) lastVote = (await submit(client, terminal, state, generation, verdict)).feedback.id;
          remember(history, message, generation, key);
        }
      } catch (error) {
        // What the gateway refuses, it explains: the conversation goes on. What it does not answer ends it.
        if (!(error instanceof PalateClientError) || error.code === 'UNREACHABLE') throw error;
        terminal.print([terminal.options().style.bad(error.message), '']);
      }
    }
  } finally {
    state.stop();
  }
}

function inputFor(
  prompt: string,
  history: readonly ChatTurn[],
  options: ConversationOptions,
  seed: number | undefined,
) {
  const { member, maxTokens, system } = options;
  return {
    member,
    prompt,
    history: history.slice(-HISTORY_TURNS),
    candidateCount: 2,
    maxTokens,
    ...(system !== undefined && { system }),
    ...(seed !== undefined && { seed }),
  };
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
  else terminal.print(terminal.options().style.dim('kept; it trains nothing yet'));
  terminal.print('');
  return result;
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

/** The conversation goes on from the reply that was liked, or the first one where none was; not from one that was bad. */
function remember(history: ChatTurn[], message: string, generation: Generation, key: string): void {
  if (key === 'x') return;
  const liked =
    generation.candidates.find((candidate) => String(candidate.index + 1) === key) ?? generation.candidates[0];
  history.push({ role: 'USER', content: message }, { role: 'ASSISTANT', content: liked.text });
}
