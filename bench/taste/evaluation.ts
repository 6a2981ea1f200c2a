/**
 * What a method's policies write: on prompts that nobody voted on, and to the questions with one answer. Everything written is kept under
 * what it depends on (the policy's fingerprint, prompt, seeds), so a run that was killed goes on where it was, and policies that come out
 * the same write once.
 */
import { createHash } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readLines } from '../../src/learning/clap/samples.js';
import type { BankPrompt, BankReply } from './bank.js';
import { FACT_TOKENS, FACTS, isRight } from './facts.js';
import { inTurns } from './in-turns.js';
import { seedOf, type TasteMember, type Voting, votesOf } from './members.js';
import type { Method, Policy, PolicyReply, WritingTask } from './methods/method.js';
import { UNTOUCHED } from './methods/untouched.js';
import type { ServedModel } from './served-model.js';

export interface EvaluatedReply {
  text: string;
  ended: boolean;
  /** Under the untouched model, in nats, summed over `scored` tokens. */
  nll: number;
  scored: number;
  /** Tokens that were decoded to have it. */
  decoded: number;
  /** Of the prompt's unsteered replies, those that it is not set against. */
  among: readonly number[];
}

export interface Evaluation extends Voting {
  method: string;
  member: TasteMember;
  /** Votes that were asked for, and that could be cast. */
  count: number;
  votes: number;
  /** [prompt][reply] */
  replies: EvaluatedReply[][];
  /** Of FACTS, those that were answered rightly. */
  right: boolean[];
  /** Machine time of the member's fit; not known of members whom the service trains. */
  seconds?: number;
}

/** Prompts whose replies share the decoder's batch. */
const PROMPTS_AT_ONCE = 4;

export interface EvaluationOptions {
  methods: readonly Method[];
  counts: readonly number[];
  votings: readonly Voting[];
  /** Replies to a prompt. */
  replies: number;
  maxTokens: number;
}

/** Of FACTS, those that the untouched model answers rightly. */
export async function untouchedFacts(model: ServedModel, folder: string): Promise<boolean[]> {
  return answerFacts(await writtenIn(folder, model), UNTOUCHED, model);
}

export async function evaluate(
  model: ServedModel,
  bank: readonly BankPrompt[],
  held: readonly BankPrompt[],
  members: readonly TasteMember[],
  { methods, counts, votings, replies, maxTokens }: EvaluationOptions,
  folder: string,
  onProgress: (evaluation: Evaluation) => void,
): Promise<Evaluation[]> {
  const written = await writtenIn(folder, model);
  const evaluations: Evaluation[] = [];
  for (const voting of votings) {
    for (const count of counts) {
      for (const member of members) {
        const votes = votesOf(member, bank, count, voting);
        for (const method of methods) {
          const began = performance.now();
          const policy = await method.fit(votes, { seed: member.name, taste: member.taste }, model);
          const { seconds = (performance.now() - began) / 1000 } = policy;
          const texts = await inTurns(held, PROMPTS_AT_ONCE, ({ prompt, replies: unsteered }) => {
            const seeds = Array.from({ length: replies }, (_, i) => seedOf('evaluation', member.seed, prompt, i));
            return written.of(policy, { model, prompt, unsteered, seeds, maxTokens });
          });
          const right = await answerFacts(written, policy, model);
          const evaluation = {
            method: method.name,
            member,
            count,
            ...voting,
            votes: votes.length,
            replies: texts,
            right,
            seconds,
          };
          evaluations.push(evaluation);
          onProgress(evaluation);
        }
      }
    }
  }
  return evaluations;
}

function answerFacts(written: WrittenReplies, policy: Policy, model: ServedModel): Promise<boolean[]> {
  return inTurns(FACTS, FACTS.length, async (fact) => {
    const task = { model, prompt: fact.question, unsteered: [], seeds: [0], maxTokens: FACT_TOKENS, greedy: true };
    const [reply] = await written.of(policy, task);
    return isRight(fact, reply.text);
  });
}

function writtenIn(folder: string, { checkpoint }: ServedModel): Promise<WrittenReplies> {
  return WrittenReplies.open(join(folder, `written-${checkpoint.digest.slice(0, 16)}.jsonl`));
}

interface WrittenLine {
  key: string;
  replies: EvaluatedReply[];
}

class WrittenReplies {
  /** Lines are written one after the other, though replies come several at a time. */
  private appended: Promise<void> = Promise.resolve();

  private constructor(
    private readonly path: string,
    private readonly known: Map<string, EvaluatedReply[]>,
  ) {}

  private append(line: WrittenLine): Promise<void> {
    this.appended = this.appended.then(() => appendFile(this.path, `${JSON.stringify(line)}\n`));
    return this.appended;
  }

  static async open(path: string): Promise<WrittenReplies> {
    await mkdir(join(path, '..'), { recursive: true });
    const lines = await readLines<WrittenLine>(path);
    return new WrittenReplies(path, new Map(lines.map(({ key, replies }) => [key, replies])));
  }

  /** Those that were kept, else written now. */
  async of(policy: Policy, task: WritingTask): Promise<EvaluatedReply[]> {
    const { prompt, seeds, maxTokens, greedy, unsteered, model } = task;
    const parts = [policy.fingerprint, prompt, seeds, maxTokens, greedy === true, unsteered.map(({ text }) => text)];
    const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    const kept = this.known.get(key);
    if (kept) return kept;
    const replies = await scored(model, prompt, unsteered, await policy.write(task));
    this.known.set(key, replies);
    await this.append({ key, replies });
    return replies;
  }
}

/** Replies of the bank have been scored before. */
async function scored(
  model: ServedModel,
  prompt: string,
  unsteered: readonly BankReply[],
  written: readonly PolicyReply[],
): Promise<EvaluatedReply[]> {
  const fresh = written.filter(({ bank }) => bank === undefined);
  const scores =
    fresh.length > 0
      ? await model.score(
          prompt,
          fresh.map(({ tokens }) => tokens),
        )
      : [];
  return written.map((reply) => {
    const { text, ended, decoded, bank } = reply;
    if (bank) {
      const among = bank.among.map((one) => unsteered.indexOf(one));
      return { text, ended, decoded, nll: bank.reply.nll, scored: bank.reply.scored, among };
    }
    const { nll, tokens } = scores[fresh.indexOf(reply)];
    return { text, ended, decoded, nll, scored: tokens, among: [] };
  });
}
