/**
 * Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290) of a small part of the language model, on the same pairs as every
 * method here. The reference is the untouched model; its log-likelihoods are computed once a reply, for all members. Fits are kept, and one that
 * was killed goes on where it was.
 */
import { createHash } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PalateError } from '../../../src/common/errors.js';
import { Random } from '../../../src/common/random.js';
import { Graph } from '../../../src/graph/index.js';
import { FrozenWeights } from '../../../src/language-model/graphs/linear.js';
import { buildReadGraph, buildScoreGraph } from '../../../src/language-model/graphs/serving.js';
import type { LanguageModelFile } from '../../../src/language-model/model.js';
import { warmupThenDecay } from '../../../src/learning/adamw.js';
import { readLines } from '../../../src/learning/clap/samples.js';
import { readState, writeState } from '../../../src/learning/clap/state.js';
import { initialState, parameterFeeds, type StepOutcome, takeStep } from '../../../src/learning/clap/trainer.js';
import { pairWeight } from '../../../src/learning/votes.js';
import { ServingModel } from '../../../src/runtime/serving-model.js';
import type { Feed, GraphRunner } from '../../../src/runtime/session.js';
import type { OpenGraph, ServedModel } from '../served-model.js';
import type { Vote } from '../votes.js';
import { buildDpoGraph, replyFeeds, type TunedPart } from './dpo-graph.js';
import type { Method, Policy } from './method.js';
import { UNTOUCHED } from './untouched.js';

export interface DpoSettings {
  /** The loss of a pair is softplus(-beta x margin): the greater, the nearer to the reference. */
  beta: number;
  /** Of AdamW without decay of weights, after a warm-up over a tenth of the steps, falling to a twentieth. */
  learningRate: number;
  /** Passes over the votes, a step a vote; none leave the model as it is. */
  epochs: number;
}

/** What is tried on DEV, with each of a part's rates. */
export const DPO_GRID = { beta: [0.1, 0.3], epochs: [1, 3, 6] } as const;

/** Bound on the gradients' joint norm. */
const CLIP = 1;

/** Steps between saved states. */
const SAVE_EVERY = 10;

/** A part of the model that is trained for a member, and how replies are written with it. */
export interface DpoPart<Name extends string> extends TunedPart<Name> {
  /** As the table has it. */
  name: string;
  /** Learning rates that are tried on DEV. */
  rates: readonly number[];
  /** Graphs that writing takes. */
  servingGraphs?(file: LanguageModelFile): Graph[];
  /** What training starts from. */
  start(reader: ServingModel, file: LanguageModelFile, random: Random): Promise<Record<Name, Float32Array>>;
  /** What the step's graph takes of a prompt. */
  promptFeeds(reader: ServingModel, promptIds: readonly number[]): Promise<Record<string, Feed>>;
  writer(parameters: Record<Name, Float32Array>, model: ServedModel, open: OpenGraph): Promise<Policy['write']>;
}

export function dpo<Name extends string>(
  part: DpoPart<Name>,
  settings: DpoSettings,
  name = `DPO with ${part.name}`,
): Method {
  return {
    name,
    async fit(votes, { seed }, model) {
      if (!model) throw new PalateError('BAD_USER_INPUT', `"${name}" has no opinion about replies that are written.`);
      if (votes.length * settings.epochs === 0) return UNTOUCHED;
      const opened = await openPart(part, model);
      const { parameters, seconds } = await fitDpo(opened, settings, votes, seed);
      const hash = createHash('sha256').update(part.name);
      for (const values of Object.values<Float32Array>(parameters)) hash.update(values);
      const write = await part.writer(parameters, model, opened.open);
      return { fingerprint: hash.digest('hex'), likes: null, seconds, write };
    },
  };
}

/** A method for each setting of the grid, to be asked for by name. */
export function dpoGrid<Name extends string>(part: DpoPart<Name>): Method[] {
  return DPO_GRID.beta.flatMap((beta) =>
    part.rates.flatMap((learningRate) =>
      DPO_GRID.epochs.map((epochs) => {
        const name = `DPO with ${part.name} (beta ${beta}; rate ${learningRate}; epochs ${epochs})`;
        return dpo(part, { beta, learningRate, epochs }, name);
      }),
    ),
  );
}

export interface OpenedPart<Name extends string> {
  part: DpoPart<Name>;
  model: ServedModel;
  open: OpenGraph;
  /** The graph of `buildDpoGraph`. */
  step: GraphRunner;
  /** The untouched model as the step's graph computes it: in float32. */
  reader: ServingModel;
}

export async function openPart<Name extends string>(
  part: DpoPart<Name>,
  model: ServedModel,
): Promise<OpenedPart<Name>> {
  const { file } = model;
  const open = await model.graphs(part.name.replaceAll(/[^\w-]/g, '-'), () => [
    buildDpoGraph(file, part),
    ...(part.servingGraphs?.(file) ?? []),
  ]);
  const exact = await model.graphs('exact', () =>
    [buildReadGraph, buildScoreGraph].map((build, i) =>
      build(new FrozenWeights(new Graph(['read', 'score'][i]), file, 'float32')),
    ),
  );
  const reader = new ServingModel(file.config, { read: await exact('read'), score: () => exact('score') });
  return { part, model, open, step: await open('step'), reader };
}

/** A step's feeds but for the parameters, and Σ of its pairs' weights. */
export interface DpoBatch {
  feeds: Record<string, Feed>;
  weight: number;
}

/** The candidates of a vote, the chosen one first, in pairs as the service makes and weighs them. */
export async function batchOf<Name extends string>(
  { part, model, reader }: OpenedPart<Name>,
  { prompt, candidates, chosen }: Vote,
  beta: number,
): Promise<DpoBatch> {
  const { ids: promptIds } = model.file.tokenizer.encodeChat([{ role: 'user', content: prompt }]);
  const others = candidates.filter((_, i) => i !== chosen);
  const replies = [candidates[chosen], ...others].map(({ tokens }) => tokens);
  const weights = [0, ...others.map(() => pairWeight(candidates.length))];
  const rows = [replies.length];
  const reference = await referenceLikelihoods(model, reader, promptIds, replies);
  return {
    feeds: {
      ...(await part.promptFeeds(reader, promptIds)),
      ...replyFeeds(model.file.config, promptIds, replies, part.prefixLength),
      reference: { data: Float32Array.from(reference), dims: rows },
      pair_weights: { data: Float32Array.from(weights), dims: rows },
      beta: { data: Float32Array.of(beta), dims: [1] },
    },
    weight: weights.reduce((sum, value) => sum + value, 0),
  };
}

/** A line of a fit's log. */
export interface DpoStep extends StepOutcome {
  step: number;
  /** Mean over the vote's pairs before the step; log 2 where nothing was learned. */
  loss: number;
  seconds: number;
}

/** Fits, or reads what was kept. `seconds` are those of the steps: what is computed once for all members is not in them. */
export async function fitDpo<Name extends string>(
  opened: OpenedPart<Name>,
  settings: DpoSettings,
  votes: readonly Vote[],
  seed: string,
): Promise<{ parameters: Record<Name, Float32Array>; seconds: number; steps: DpoStep[] }> {
  const { part, model, reader, step } = opened;
  const { file } = model;
  const shapes = part.shapes(file.config);
  const path = await pathOfFit(opened, settings, votes, seed);
  const random = new Random(`${seed}/dpo`);
  const state =
    (await readState(`${path}.safetensors`, shapes)) ??
    initialState(await part.start(reader, file, random.fork('start')));
  // Steps behind the state that was kept are taken again.
  const log = await readLines<DpoStep>(`${path}.jsonl`, (line) => line.step <= state.step);
  const batches = new Map<Vote, DpoBatch>();
  const steps = votes.length * settings.epochs;
  while (state.step < steps) {
    const epoch = Math.floor(state.step / votes.length);
    const vote = random.fork(`epoch ${epoch}`).shuffle(votes)[state.step % votes.length];
    const batch = batches.get(vote) ?? (await batchOf(opened, vote, settings.beta));
    batches.set(vote, batch);
    const began = performance.now();
    const out = await step.run({ ...batch.feeds, ...parameterFeeds(state.parameters, shapes) });
    const rate = settings.learningRate * warmupThenDecay(state.step, steps, steps / 10);
    const outcome = takeStep(state, out, CLIP, () => rate);
    const seconds = (performance.now() - began) / 1000;
    const line = { step: state.step, loss: out.loss[0] / batch.weight, ...outcome, seconds };
    await appendFile(`${path}.jsonl`, `${JSON.stringify(line)}\n`);
    log.push(line);
    if (state.step % SAVE_EVERY === 0 || state.step === steps) await writeState(`${path}.safetensors`, shapes, state);
  }
  const seconds = log.reduce((sum, line) => sum + line.seconds, 0);
  return { parameters: state.parameters, seconds, steps: log };
}

/** Named by all that a fit depends on. */
async function pathOfFit<Name extends string>(
  { part, model }: OpenedPart<Name>,
  settings: DpoSettings,
  votes: readonly Vote[],
  seed: string,
): Promise<string> {
  const folder = join(model.cacheFolder, `${model.file.digest.slice(0, 16)}-fits`);
  await mkdir(folder, { recursive: true });
  const read = votes.map(({ prompt, candidates, chosen }) => [prompt, candidates.map(({ tokens }) => tokens), chosen]);
  const key = JSON.stringify([part.name, settings, seed, read]);
  return join(folder, digestOf(key));
}

/** log p(reply) of each under the untouched model, the stop token in it; computed once a reply and kept. */
async function referenceLikelihoods(
  model: ServedModel,
  reader: ServingModel,
  promptIds: number[],
  replies: readonly (readonly number[])[],
): Promise<number[]> {
  const path = join(model.cacheFolder, `${model.file.digest.slice(0, 16)}-references.jsonl`);
  const keyOf = (reply: readonly number[]) => digestOf(JSON.stringify([promptIds, reply]));
  const lines = await readLines<{ key: string; likelihood: number }>(path);
  const known = new Map(lines.map(({ key, likelihood }) => [key, likelihood]));
  const missing = replies.filter((reply) => !known.has(keyOf(reply))).map((reply) => [...reply]);
  if (missing.length > 0) {
    const prompt = await reader.readPrompt(promptIds, [0, promptIds.length - 1]);
    const scores = await reader.scoreReplies(prompt, promptIds[promptIds.length - 1], missing);
    for (const [i, reply] of missing.entries()) {
      const line = { key: keyOf(reply), likelihood: scores[i].reduce((sum, value) => sum + value, 0) };
      await appendFile(path, `${JSON.stringify(line)}\n`);
      known.set(line.key, line.likelihood);
    }
  }
  return replies.map((reply) => known.get(keyOf(reply)) as number);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
