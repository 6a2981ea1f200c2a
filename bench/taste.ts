/**
 * Claim: after ten votes replies already lean to a member's taste, after fifty more so, without drifting from the model.
 * Members with opposed tastes vote through the whole GraphQL path on real replies; then, on prompts nobody voted on, four
 * personalised replies each are set against sixteen unpersonalised ones by the member's own scorer.
 */
import { availableParallelism } from 'node:os';
import { type GatewayUnderTest, openJudge, startGateway } from './gateway-under-test.js';
import { BenchMember, baseReplies } from './members.js';
import { HELD_OUT_PROMPTS, VOTE_PROMPTS } from './prompts.js';
import { printTable, type TasteOptions, writeReplies, writeResult } from './report.js';
import { SCORERS, type Taste } from './scorers.js';
import { type Evaluation, type Sample, summarise } from './taste-summary.js';

const BASE_REPLIES = 16;
/** Members who vote at the same time: their candidates share the decoder's batch. */
const MEMBERS_AT_ONCE = 4;

export async function benchTaste(options: TasteOptions): Promise<void> {
  const gateway = await startGateway(options.settings);
  try {
    const held = HELD_OUT_PROMPTS.slice(0, options.heldOut);
    const evaluations: Evaluation[] = [];
    const bases: Sample[] = [];
    for (let seed = 1; seed <= options.seeds; seed++) {
      process.stderr.write(`run ${seed}: unpersonalised replies\n`);
      const base: Sample = { seed, texts: [] };
      for (const prompt of held) {
        base.texts.push(await baseReplies(gateway.client, prompt, BASE_REPLIES, options.maxTokens, seed));
      }
      bases.push(base);
      await inTurns(options.tastes, MEMBERS_AT_ONCE, async (taste) => {
        evaluations.push(...(await playMember(gateway, taste, seed, held, options)));
      });
    }
    await report(gateway, held, bases, evaluations, options);
  } finally {
    await gateway.stop();
  }
}

/** One member's life: votes in order, and an evaluation at each of the counts asked for. */
async function playMember(
  { client }: GatewayUnderTest,
  taste: Taste,
  seed: number,
  held: readonly string[],
  { votes: counts, maxTokens }: TasteOptions,
): Promise<Evaluation[]> {
  const member = new BenchMember({ client, name: `${taste} ${seed}`, scorer: SCORERS[taste], maxTokens, seed });
  const evaluations: Evaluation[] = [];
  let [votes, asked] = [0, 0];
  for (const wanted of [...counts].sort((a, b) => a - b)) {
    for (; votes < wanted && asked < VOTE_PROMPTS.length; asked++) {
      const { verdict } = await member.vote(VOTE_PROMPTS[asked], asked);
      if (verdict === 'CHOSEN') votes++;
    }
    const texts: string[][] = [];
    for (const [index, prompt] of held.entries()) texts.push(await member.personalReplies(prompt, index));
    process.stderr.write(`run ${seed}: ${taste} at ${votes} votes (${asked} prompts)\n`);
    evaluations.push({ taste, seed, wanted, votes, texts });
  }
  member.close();
  return evaluations;
}

async function report(
  gateway: GatewayUnderTest,
  held: readonly string[],
  bases: readonly Sample[],
  evaluations: readonly Evaluation[],
  options: TasteOptions,
): Promise<void> {
  const judge = await openJudge(gateway, availableParallelism());
  try {
    const summary = await summarise(held, bases, evaluations, judge.score);
    printTable(summary);
    await writeResult('taste', { options, ...summary });
    await writeReplies('taste-replies', held, bases, evaluations);
  } finally {
    await judge.stop();
  }
}

/** Runs `work` on every item, at most `width` at a time. */
async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
