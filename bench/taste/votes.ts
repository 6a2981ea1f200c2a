/** Votes cast offline, on the bank's replies. Pure: the same seed casts the same votes, and fewer of them are the first of more. */
import { Random } from '../../src/common/random.js';
import type { BankPrompt, BankReply } from './bank.js';
import type { Scorer } from './tastes.js';

export interface Vote {
  prompt: string;
  candidates: readonly BankReply[];
  /** Index into the candidates. */
  chosen: number;
  /** Another candidate than the best one was taken by mistake. */
  slipped: boolean;
}

export interface Voter {
  scorer: Scorer;
  /** Shown for a vote. */
  candidates: number;
  /** The share of votes that are slips: another candidate than the best, any of them. */
  slips: number;
  seed: number | string;
}

/**
 * At most `count` votes: each prompt once in an order of the voter's own, then each again with other replies, and so on. Where the voter sees
 * no difference between the candidates there is no vote; of several that are best one is taken by lot. Whether a vote is a slip depends on
 * the seed and its number alone, and the slips of a smaller share are among those of a larger.
 */
export function castVotes(prompts: readonly BankPrompt[], count: number, voter: Voter): Vote[] {
  const random = new Random(`${voter.seed}/votes`);
  const order = random.fork('prompts').shuffle(prompts.filter(({ set }) => set === 'VOTE'));
  const shuffled = order.map(({ prompt, replies }) => random.fork(`replies/${prompt}`).shuffle(replies));
  const choices = random.fork('choices');
  const votes: Vote[] = [];
  const rounds = Math.max(0, ...shuffled.map((replies) => Math.floor(replies.length / voter.candidates)));
  for (let round = 0; round < rounds; round++) {
    for (const replies of shuffled) {
      if (votes.length === count) return votes;
      const candidates = replies.slice(round * voter.candidates, (round + 1) * voter.candidates);
      if (candidates.length < voter.candidates) continue;
      const vote = castVote(candidates, voter, choices);
      if (vote) votes.push(vote);
    }
  }
  return votes;
}

function castVote(candidates: readonly BankReply[], { scorer, slips }: Voter, random: Random): Vote | null {
  const lots = { best: random.uniform(), slip: random.uniform(), other: random.uniform() };
  const scores = candidates.map(({ text, prompt }) => scorer(text, prompt));
  const most = Math.max(...scores);
  const best = scores.flatMap((score, i) => (score === most ? [i] : []));
  if (best.length === candidates.length) return null;
  const wanted = best[Math.floor(lots.best * best.length)];
  const others = candidates.map((_, i) => i).filter((i) => i !== wanted);
  const slipped = lots.slip < slips;
  const chosen = slipped ? others[Math.floor(lots.other * others.length)] : wanted;
  return { prompt: candidates[0].prompt, candidates, chosen, slipped };
}
