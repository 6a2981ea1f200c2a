/** Members of a bench: they vote by a scorer through the GraphQL API, like anybody else. */
import { setTimeout } from 'node:timers/promises';
import type { Generation, PalateClient } from '../src/client/index.js';
import { Random } from '../src/common/random.js';
import type { Scorer } from './scorers.js';
import { TrainingWatch } from './training-watch.js';

const CANDIDATES = 4;

export interface BenchMemberOptions {
  client: PalateClient;
  name: string;
  scorer: Scorer;
  /** Longest reply, in tokens. */
  maxTokens: number;
  seed: number;
  /** How long a member reads before the vote, in milliseconds; 0 unless given. */
  readingMs?: number;
}

export interface CastVote {
  /** TIE when the scorer sees no difference between the candidates; a tie trains nothing. */
  verdict: 'CHOSEN' | 'TIE';
  /** `performance.now()` when the verdict was sent, acknowledged, and its training had ended. */
  sent: number;
  acknowledged: number;
  trained: number;
}

export class BenchMember {
  private watch: TrainingWatch | undefined;

  constructor(private readonly options: BenchMemberOptions) {}

  /** Has four candidates written, votes for the best one, and waits for the training that follows. */
  async vote(prompt: string, index: number): Promise<CastVote> {
    const { client, name, seed } = this.options;
    const generation = await client.generate({ ...this.request(prompt), seed: replySeed(seed, name, index) });
    this.watch ??= new TrainingWatch(client, generation.member.id);
    const chosenCandidateId = favourite(this.options.scorer, generation);
    const verdict = chosenCandidateId ? 'CHOSEN' : 'TIE';
    if (this.options.readingMs) await setTimeout(this.options.readingMs);
    const sent = performance.now();
    const { trainingJob } = await client.submitFeedback({ generationId: generation.id, verdict, chosenCandidateId });
    const acknowledged = performance.now();
    if (trainingJob) await this.watch.settled(trainingJob.id);
    return { verdict, sent, acknowledged, trained: performance.now() };
  }

  /** Four replies the member's encoder stands behind. */
  async personalReplies(prompt: string, index: number): Promise<string[]> {
    const { client, seed } = this.options;
    const input = { ...this.request(prompt), explore: false, seed: replySeed(seed, 'personal', index) };
    return (await client.generate(input)).candidates.map(({ text }) => text);
  }

  /** Resolves with the first text of a streamed personal reply, and gives the rest of it up. */
  async firstWord(prompt: string): Promise<string> {
    const input = { ...this.request(prompt), candidateCount: 1, explore: false };
    for await (const event of this.options.client.generateStream(input)) {
      if (event.__typename === 'CandidateDelta' && event.text !== '') return event.text;
    }
    return '';
  }

  close(): void {
    this.watch?.close();
  }

  private request(prompt: string) {
    const { name, maxTokens } = this.options;
    return { member: { platform: 'bench', externalId: name }, prompt, maxTokens, candidateCount: CANDIDATES };
  }
}

/** The id of the best candidate; null when all score the same. */
export function favourite(scorer: Scorer, { candidates }: Pick<Generation, 'candidates'>): string | null {
  const scores = candidates.map(({ text }) => scorer(text));
  const best = Math.max(...scores);
  return best === Math.min(...scores) ? null : candidates[scores.indexOf(best)].id;
}

/** `count` replies nobody's taste is behind. */
export async function baseReplies(
  client: PalateClient,
  prompt: string,
  count: number,
  maxTokens: number,
  seed: number,
): Promise<string[]> {
  const replies: string[] = [];
  while (replies.length < count) {
    const { candidates } = await client.generate({
      member: { platform: 'bench', externalId: 'nobody' },
      prompt,
      maxTokens,
      candidateCount: Math.min(8, count - replies.length),
      personalized: false,
      seed: replySeed(seed, prompt, replies.length),
    });
    replies.push(...candidates.map(({ text }) => text));
  }
  return replies;
}

/** A 31-bit seed for one request. */
function replySeed(seed: number, label: string, index: number): number {
  return new Random(`${seed}/${label}/${index}`).next() >>> 1;
}
