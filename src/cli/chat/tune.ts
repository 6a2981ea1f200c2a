/** A tuning round: ten short prompts, four replies each, the best one chosen; then one prompt before and after. */
import type { Generation, MemberRef, PalateClient } from '../../client/index.js';
import { askConsent, mustAsk } from './consent.js';
import { submit, verdictOf, voteKeys } from './conversation.js';
import { bar, count, type Reply, renderComparison, renderVoteKeys } from './render.js';
import { showReplies } from './replies.js';
import type { Terminal } from './terminal.js';
import { MemberState } from './training.js';

export interface TuneOptions {
  member: MemberRef;
  maxTokens: number;
  seed: number;
}

/** Everyday questions that can be answered in many ways: what differs between the replies is manner, not knowledge. */
export const TUNE_PROMPTS = [
  'How was your weekend?',
  'What should I cook tonight?',
  'I had a long day at work.',
  'Tell me something interesting.',
  'How do I get better at drawing?',
  'What do you think about rain?',
  'I want to start running.',
  'Recommend a book to me.',
  'My friend forgot my birthday.',
  'What makes a good morning?',
];
/** Never voted on: shows what the votes on the others changed. */
export const HELD_OUT_PROMPT = 'How should I spend a free afternoon?';
const CANDIDATES = 4;

export async function tune(client: PalateClient, terminal: Terminal, options: TuneOptions): Promise<void> {
  const state = new MemberState(client, terminal, options.member);
  try {
    if (!(await mayLearn(client, terminal, options.member))) return;
    const before = await heldOut(client, options);
    await state.refresh();
    let votes = 0;
    for (const [index, prompt] of TUNE_PROMPTS.entries()) {
      const { style } = terminal.options();
      terminal.print(
        `${style.accent(bar(index, TUNE_PROMPTS.length))} ${index + 1}/${TUNE_PROMPTS.length}  ${style.bold(prompt)}`,
      );
      const { member, maxTokens, seed } = options;
      const input = { member, prompt, maxTokens, candidateCount: CANDIDATES, seed: seed + index };
      const generation = await showReplies(client, terminal, input, state.learned);
      terminal.print(renderVoteKeys(generation.candidates.length, terminal.options()));
      const key = await terminal.key(voteKeys(generation.candidates.length));
      if (key === null) break;
      const verdict = verdictOf(key, generation);
      if (!verdict) continue;
      await submit(client, terminal, state, generation, verdict);
      votes++;
    }
    await showComparison(terminal, before, await heldOut(client, options), votes);
  } finally {
    state.stop();
  }
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
