import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PlannedPrompt, readBank, writeBank } from '../../../bench/taste/bank.js';
import { type Evaluation, evaluate, untouchedFacts } from '../../../bench/taste/evaluation.js';
import { FACTS } from '../../../bench/taste/facts.js';
import { scalesOf, tasteMembers } from '../../../bench/taste/members.js';
import { bestOf, examplesInPrompt, oracleInstruction } from '../../../bench/taste/methods/bare-model.js';
import { meanDifference } from '../../../bench/taste/methods/latent.js';
import { untouched } from '../../../bench/taste/methods/untouched.js';
import { type ServedModel, servedModel } from '../../../bench/taste/served-model.js';
import { tasteNamed } from '../../../bench/taste/sets.js';
import { summarise } from '../../../bench/taste/summary.js';
import { repliesText, tableText, tasteTable } from '../../../bench/taste/tables.js';
import { AXES } from '../../../bench/taste/tastes.js';
import { tinyCheckpoint } from '../../services/fixture.js';
import { ScriptedRuntime } from '../../services/scripted-runtime.js';
import { tinyModelOf } from '../../services/shared-threads.js';

const settings = { maxTokens: 12, seed: 1 };
const plan: PlannedPrompt[] = [
  { prompt: 'Why do we yawn?', set: 'VOTE' },
  { prompt: 'Tell me about owls.', set: 'HELD_OUT' },
  { prompt: 'How do clouds stay up?', set: 'HELD_OUT' },
];

let folder: string;
let runtime: ScriptedRuntime;
let model: ServedModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-bank-'));
  const checkpoint = tinyCheckpoint();
  runtime = new ScriptedRuntime(checkpoint.modelDigest, checkpoint.featureSize);
  model = servedModel(await tinyModelOf(folder), checkpoint, runtime, { cacheFolder: folder, slots: 4, threads: 1 });
  await writeBank(model, folder, plan, settings, () => {});
});
afterAll(() => rm(folder, { recursive: true }));

const bankFile = () => readFile(join(folder, 'replies.jsonl'), 'utf8');

describe('the bank', () => {
  it('holds replies, what the checkpoint sees in them, and how likely they are', async () => {
    const bank = await readBank(folder, model.checkpoint, plan);
    expect(bank.map(({ prompt, set, replies }) => [prompt, set, replies.length])).toEqual([
      [plan[0].prompt, 'VOTE', 12],
      [plan[1].prompt, 'HELD_OUT', 16],
      [plan[2].prompt, 'HELD_OUT', 16],
    ]);
    for (const reply of bank.flatMap(({ replies }) => replies)) {
      expect(reply.tokens.length).toBeGreaterThan(0);
      expect(reply.text.length).toBeGreaterThan(0);
      expect(reply.nll / reply.scored).toBeGreaterThan(0);
      expect(reply.posterior.mean).toHaveLength(model.checkpoint.latentSize);
      expect(reply.white).toHaveLength(model.checkpoint.projectedSize);
    }
    expect(await readBank(folder, model.checkpoint, plan.slice(1))).toHaveLength(2);
    await expect(readBank(join(folder, 'nowhere'), model.checkpoint)).rejects.toThrow('npm run bench -- bank');
  });

  it('goes on where it was killed, with the same replies', async () => {
    const whole = await bankFile();
    const asked = runtime.requests.length;
    await writeBank(model, folder, plan, settings, () => {});
    expect(runtime.requests).toHaveLength(asked);
    const again = await mkdtemp(join(tmpdir(), 'palate-bank-'));
    await writeBank(model, again, plan.slice(0, 1), settings, () => {});
    await appendFile(join(again, 'replies.jsonl'), '{"prompt":"Tell me ab');
    await writeBank(model, again, plan, settings, () => {});
    expect(await readFile(join(again, 'replies.jsonl'), 'utf8')).toBe(whole);
    await rm(again, { recursive: true });
  });
});

describe('an evaluation', () => {
  const methods = [untouched, bestOf(4), examplesInPrompt, oracleInstruction, meanDifference];

  async function run(): Promise<{
    evaluations: Evaluation[];
    known: boolean[];
    held: Awaited<ReturnType<typeof readBank>>;
  }> {
    const bank = await readBank(folder, model.checkpoint, plan);
    const held = bank.filter(({ set }) => set === 'HELD_OUT');
    // The scripted runtime writes letters; these members like one letter.
    const members = tasteMembers([tasteNamed('plain words'), tasteNamed('positive and formal')], 2, bank, AXES).map(
      (member, i) => {
        const likes = (text: string) => text.split('kx'[i % 2]).length;
        return { ...member, a: likes, b: likes };
      },
    );
    const votings = [{ candidates: 4, slips: 0 }];
    const options = { methods, counts: [1, 3], votings, replies: 4, maxTokens: settings.maxTokens };
    const evaluations = await evaluate(model, bank, held, members, options, folder, () => {});
    return { evaluations, known: await untouchedFacts(model, folder), held };
  }

  it('writes behind each method and keeps what it wrote', async () => {
    const { evaluations } = await run();
    expect(evaluations).toHaveLength(2 * 2 * 2 * methods.length);
    for (const { replies, right } of evaluations) {
      expect(replies.map((of) => of.length)).toEqual([4, 4]);
      expect(right).toHaveLength(FACTS.length);
    }
    const asked = runtime.requests.length;
    expect((await run()).evaluations.map(({ replies }) => replies)).toEqual(evaluations.map(({ replies }) => replies));
    expect(runtime.requests).toHaveLength(asked);
    const latents = (text: string) =>
      runtime.requests.filter(({ promptIds }) => model.file.tokenizer.decode(promptIds).includes(text));
    expect(
      latents('Be positive')
        .flatMap(({ rows }) => rows)
        .every(({ latent }) => latent === null),
    ).toBe(true);
    expect(runtime.requests.some(({ rows }) => rows.every(({ latent }) => latent !== null))).toBe(true);
  });

  it('becomes rows with all columns, for all tastes and for each', async () => {
    const { evaluations, known, held } = await run();
    const parts = { held, dictionary: new Set<string>(), reference: 'mean difference', known };
    const rows = summarise(evaluations, parts);
    expect(rows).toHaveLength(2 * methods.length * 3);
    for (const row of rows) {
      const { a, b, gain, method, decoded, ...others } = row;
      expect(a.mean).toBeGreaterThanOrEqual(0);
      expect(a.low).toBeLessThanOrEqual(a.mean);
      expect(b).toEqual(a);
      if (method === parts.reference) expect(gain.mean).toBe(0);
      for (const value of Object.values(others)) if (typeof value === 'number') expect(value).not.toBeNaN();
    }
    const of = (method: string) => rows.find((row) => row.method === method && row.taste === 'all' && row.count === 3);
    expect(of('best of 4')?.decoded).toBeGreaterThan(3 * (of('untouched')?.decoded ?? 0));
    expect(tableText(tasteTable(rows)).split('\n')).toHaveLength(rows.length + 2);
    expect(repliesText(held, evaluations)).toContain('## plain words, 3 votes');
  });

  it('knows how far an axis varies between the replies to a prompt', async () => {
    const bank = await readBank(folder, model.checkpoint, plan);
    expect(scalesOf(AXES, bank)['plain words']).toBeGreaterThan(0);
    expect(scalesOf(AXES, bank).questions).toBe(1);
  });
});
