/**
 * The whole way through GraphQL: members vote on what the service shows them, and are trained by it; then its replies on held-out prompts are
 * set against the bank's unsteered ones. The data folder and the key of every request outlive the run, so one that was killed is answered
 * up to where it was at once. A change of the sources begins anew.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installationFolder } from '../../src/common/installation.js';
import type { GatewayUnderTest } from '../gateway-under-test.js';
import { BenchMember } from '../members.js';
import type { BankPrompt } from './bank.js';
import type { Evaluation } from './evaluation.js';
import { FACT_TOKENS, FACTS, isRight } from './facts.js';
import { inTurns } from './in-turns.js';
import type { TasteMember, Voting } from './members.js';
import { REFERENCE } from './methods/index.js';
import { BENCH_CACHE } from './served-model.js';

export interface OnlineOptions {
  counts: readonly number[];
  voting: Voting;
  /** Replies to a held-out prompt. */
  replies: number;
  maxTokens: number;
  votePrompts: readonly string[];
}

/** Members who vote at the same time: their candidates share the decoder's batch. */
const MEMBERS_AT_ONCE = 4;

export async function evaluateOnline(
  gateway: GatewayUnderTest,
  score: (prompt: string, texts: readonly string[]) => Promise<{ nll: number; tokens: number }[]>,
  held: readonly BankPrompt[],
  members: readonly TasteMember[],
  options: OnlineOptions,
  onProgress: (evaluation: Evaluation) => void,
): Promise<Evaluation[]> {
  const evaluations: Evaluation[] = [];
  await inTurns(members, MEMBERS_AT_ONCE, async (member) => {
    for await (const evaluation of live(gateway, score, held, member, options)) {
      evaluations.push(evaluation);
      onProgress(evaluation);
    }
  });
  return evaluations;
}

/** One member's life: votes in order, and an evaluation at each of the counts asked for. */
async function* live(
  { client }: GatewayUnderTest,
  score: Parameters<typeof evaluateOnline>[1],
  held: readonly BankPrompt[],
  member: TasteMember,
  { counts, voting, replies: count, maxTokens, votePrompts }: OnlineOptions,
): AsyncGenerator<Evaluation> {
  const { a: scorer, seed } = member;
  const name = `${member.name}/${voting.candidates}/${voting.slips}`;
  const voter = new BenchMember({ client, name, scorer, seed, maxTokens, ...voting });
  let [votes, asked] = [0, 0];
  for (const wanted of [...counts].sort((a, b) => a - b)) {
    for (; votes < wanted && asked < votePrompts.length; asked++) {
      const { verdict } = await voter.vote(votePrompts[asked], asked);
      if (verdict === 'CHOSEN') votes++;
    }
    const replies: Evaluation['replies'] = [];
    const when = `after ${votes}`;
    for (const { prompt } of held) {
      const written = await voter.personalReplies(prompt, count, when);
      const scores = await score(
        prompt,
        written.map(({ text }) => text),
      );
      replies.push(
        written.map(({ text, tokens, finishReason }, i) => {
          const { nll, tokens: scored } = scores[i];
          return { text, ended: finishReason === 'STOP', nll, scored, decoded: tokens, among: [] };
        }),
      );
    }
    const right = await Promise.all(
      FACTS.map(async (fact) => isRight(fact, await voter.likeliestReply(fact.question, FACT_TOKENS, when))),
    );
    yield { method: REFERENCE, member, count: wanted, ...voting, votes, replies, right };
  }
  voter.close();
}

/** Where the service of an online run keeps its data: another folder for another checkpoint, and for other sources of the service. */
export async function onlineFolder(checkpointDigest: string): Promise<string> {
  const sources = join(installationFolder(), 'src');
  const names = (await readdir(sources, { recursive: true })).filter((name) => /^(?!console).*\.ts$/.test(name)).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(name).update(await readFile(join(sources, name)));
  return join(BENCH_CACHE, `online-${checkpointDigest.slice(0, 16)}-${hash.digest('hex').slice(0, 16)}`);
}
