/** Members of a bench: they vote by a scorer through the GraphQL API, like anybody else. */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { GenerateInput, Generation, PalateClient, TrainingJob } from '../src/client/index.js';
import { Random } from '../src/common/random.js';
import type { Scorer } from './taste/tastes.js';
import { isSettled, TrainingWatch } from './training-watch.js';

export interface BenchMemberOptions {
  client: PalateClient;
  name: string;
  scorer: Scorer;
  /** Replies that are shown for a vote. */
  candidates: number;
  /** Longest reply, in tokens. */
  maxTokens: number;
  seed: number;
  /** The share of votes that go to another candidate than the best; 0 unless given. */
  slips?: number;
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

/** Every request has a key, so that a member who does all of it again, with the same data folder, is answered as before. */
export class BenchMember {
  private watch: TrainingWatch | undefined;

  constructor(private readonly options: BenchMemberOptions) {}

  /** Has candidates written, votes for the best one, and waits for the training that follows. */
  async vote(prompt: string, index: number): Promise<CastVote> {
    const { client, name, seed, scorer, slips = 0 } = this.options;
    const generation = await this.generate(prompt, 'vote', { seed: replySeed(seed, name, index) });
    this.watch ??= new TrainingWatch(client, generation.member.id);
    const random = new Random(`${seed}/${name}/slip/${index}`);
    const chosenCandidateId = choose(scorer, generation, prompt, random.uniform() < slips ? random : null);
    const verdict = chosenCandidateId ? 'CHOSEN' : 'TIE';
    if (this.options.readingMs) await setTimeout(this.options.readingMs);
    const sent = performance.now();
    const input = { generationId: generation.id, verdict, chosenCandidateId, key: generation.id } as const;
    const { trainingJob } = await client.submitFeedback(input);
    const acknowledged = performance.now();
    await this.trained(trainingJob);
    return { verdict, sent, acknowledged, trained: performance.now() };
  }

  /** Replies the member's encoder stands behind. @param when tells this time from others, between which the member voted */
  async personalReplies(prompt: string, count: number, when: string): Promise<Generation['candidates']> {
    const drawn = { explore: false, candidateCount: count, seed: replySeed(this.options.seed, 'personal', 0) };
    return (await this.generate(prompt, when, drawn)).candidates;
  }

  /** The likeliest reply behind the member's encoder. */
  async likeliestReply(prompt: string, maxTokens: number, when: string): Promise<string> {
    const drawn = { explore: false, candidateCount: 1, temperature: 0, maxTokens, seed: 0 };
    return (await this.generate(prompt, when, drawn)).candidates[0].text;
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

  /** A vote that was cast before was trained on before. */
  private async trained(job: TrainingJob | null): Promise<void> {
    if (job && !isSettled(job)) await this.watch?.settled(job.id);
  }

  private generate(prompt: string, when: string, how: Partial<GenerateInput>): Promise<Generation> {
    const input = { ...this.request(prompt), ...how };
    const key = createHash('sha256')
      .update(JSON.stringify([input, when]))
      .digest('hex');
    return this.options.client.generate({ ...input, key });
  }

  private request(prompt: string) {
    const { name, maxTokens, candidates } = this.options;
    return { member: { platform: 'bench', externalId: name }, prompt, maxTokens, candidateCount: candidates };
  }
}

/** The id of the best candidate, null when all score the same; by mistake any other one, drawn from `mistake`. */
export function choose(
  scorer: Scorer,
  { candidates }: Pick<Generation, 'candidates'>,
  prompt: string,
  mistake: Random | null = null,
): string | null {
  const scores = candidates.map(({ text }) => scorer(text, prompt));
  const best = Math.max(...scores);
  if (best === Math.min(...scores)) return null;
  const wanted = candidates[scores.indexOf(best)];
  if (!mistake) return wanted.id;
  const others = candidates.filter((candidate) => candidate !== wanted);
  return others[mistake.integer(others.length)].id;
}

/** A 31-bit seed for one request. */
function replySeed(seed: number, label: string, index: number): number {
  return new Random(`${seed}/${label}/${index}`).next() >>> 1;
}
