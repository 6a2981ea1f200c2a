/** A tuning round: ten questions of the service's, four replies each, the best one chosen; then one prompt before and after. */
import type { Generation, MemberRef, PalateClient } from '../../client/index.js';
import { askConsent, mustAsk } from './consent.js';
import { submit, verdictOf, voteKeys } from './conversation.js';
import {
  bar,
  count,
  type Learned,
  type RenderOptions,
  type Reply,
  renderComparison,
  renderReplies,
  renderVersion,
  renderVoteKeys,
} from './render.js';
import type { Terminal } from './terminal.js';
import { MemberState } from './training.js';

export interface TuneOptions {
  member: MemberRef;
  /** Of the replies before and after. */
  maxTokens: number;
  /** The same for both of them. */
  seed: number;
}

const QUESTIONS = 10;
/** Never voted on: shows what the votes on the others changed. */
export const HELD_OUT_PROMPT = 'How should I spend a free afternoon?';

export async function tune(client: PalateClient, terminal: Terminal, options: TuneOptions): Promise<void> {
  const state = new MemberState(client, terminal, options.member);
  try {
    if (!(await mayLearn(client, terminal, options.member))) return;
    // Written while the first question is read, and before any vote on it counts.
    const before = heldOut(client, options);
    before.catch(() => {});
    await state.refresh();
    let votes = 0;
    for (let index = 0; index < QUESTIONS; index++) {
      const generation = await client.askTuningQuestion({ member: options.member });
      terminal.print(renderQuestion(generation, index, state.learned, terminal.options()));
      const key = await terminal.key(voteKeys(generation.candidates.length));
      if (key === null) break;
      const verdict = verdictOf(key, generation);
      if (!verdict) continue;
      await before;
      await submit(client, terminal, state, generation, verdict);
      votes++;
    }
    await showComparison(terminal, await before, await heldOut(client, options), votes);
  } finally {
    state.stop();
  }
}

/** How far the round is, the question, its replies, and the keys that vote on them. */
function renderQuestion(
  { prompt, candidates }: Generation,
  index: number,
  learned: Learned,
  options: RenderOptions,
): string[] {
  const { style } = options;
  const replies = candidates.map(({ index, text, finishReason }) => ({ label: String(index + 1), text, finishReason }));
  return [
    `${style.accent(bar(index, QUESTIONS))} ${index + 1}/${QUESTIONS}  ${style.bold(prompt)}`,
    renderVersion(learned, options),
    '',
    ...renderReplies(replies, options),
    renderVoteKeys(candidates.length, options),
  ];
}

/** A round teaches a taste: where nothing may be learned, it would be ten questions for nothing. */
async function mayLearn(client: PalateClient, terminal: Terminal, member: MemberRef): Promise<boolean> {
  if (!(await mustAsk(client, member))) return true;
  terminal.print('A tuning round teaches it your taste. So it asks first:');
  if (await askConsent(client, terminal, member)) return true;
  terminal.print('Without learning a tuning round would change nothing, so there is none.');
  return false;
}

/** One reply to the held-out prompt, with the taste as it is now and always the same seed. */
function heldOut(client: PalateClient, { member, maxTokens, seed }: TuneOptions): Promise<Generation> {
  return client.generate({ member, prompt: HELD_OUT_PROMPT, maxTokens, candidateCount: 1, explore: false, seed });
}

function showComparison(terminal: Terminal, before: Generation, after: Generation, votes: number): void {
  const options = terminal.options();
  const replyOf = (label: string, { candidates: [candidate], encoderVersion }: Generation): Reply => ({
    label,
    text: candidate.text,
    finishReason: candidate.finishReason,
    note: encoderVersion === 0 ? 'nothing learned' : `version ${encoderVersion}`,
  });
  const title = `After ${count(votes, 'vote')}, a prompt that you did not vote on:`;
  const lines = renderComparison(HELD_OUT_PROMPT, replyOf('before', before), replyOf('after', after), options);
  terminal.print([options.style.dim(title), '', ...lines]);
  // A training may turn its result down, and a model without a checkpoint learns nothing.
  if (votes > 0 && after.encoderVersion === before.encoderVersion) {
    terminal.print(options.style.dim('Nothing was learned from these votes, so both replies were made the same way.'));
  }
}
