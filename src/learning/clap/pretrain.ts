/** A CLaP run from prompts to checkpoint (METHOD.md 2): sample, read, project, train, evaluate. Every part resumes. */
import { existsSync } from 'node:fs';
import { appendFile, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../common/random.js';
import { Graph, WeightsFile } from '../../graph/index.js';
import { PREFIX_LENGTH } from '../../language-model/graphs/adapter.js';
import { FrozenWeights } from '../../language-model/graphs/linear.js';
import { featureDepths } from '../../language-model/graphs/serving.js';
import type { LanguageModelFile } from '../../language-model/model.js';
import type { GraphThread } from '../../runtime/graph-thread.js';
import { compileModel } from '../../runtime/model-files.js';
import { ServingModel } from '../../runtime/serving-model.js';
import type { GraphRunner } from '../../runtime/session.js';
import type { LanguageModelRuntime } from '../../runtime/types.js';
import type { Checkpoint } from '../checkpoint.js';
import { posteriorOf, projectPrompt, projectReply } from '../posterior.js';
import { type FittedProjection, fitProjection } from '../projection.js';
import { evaluateReconstruction, type Reconstruction } from './evaluation.js';
import { buildClapGraph, buildClapScoreGraph, type ClapSizes, parameterShapes } from './graph.js';
import { clapPrompts } from './prompts.js';
import { type ClapSample, readFeatures, type SampledFeatures, sampleReplies } from './samples.js';
import { readState, writeState } from './state.js';
import { ClapTrainer, initialState, type Parameters, type StepReport, type TrainerSettings } from './trainer.js';

export interface PretrainSettings extends TrainerSettings {
  prompts: number;
  /** Further prompts that are only evaluated on. */
  validation: number;
  repliesPerPrompt: number;
  lengths: readonly number[];
  latent: number;
  middle: number;
  projected: number;
  batch: number;
  /** Reply tokens that the decoder is trained to reconstruct; features are read from whole replies. */
  tokens: number;
  /** Steps between saved states. */
  saveEvery: number;
}

/** What METHOD.md 2 found to start well, at the size of SmolLM2-135M. */
export const PRETRAIN_DEFAULTS: PretrainSettings = {
  seed: 1,
  prompts: 224,
  validation: 16,
  repliesPerPrompt: 16,
  lengths: [28, 40, 56],
  latent: 32,
  middle: 64,
  projected: 128,
  batch: 8,
  tokens: 32,
  steps: 360,
  learningRate: 2e-3,
  headLearningRate: 1e-3,
  clip: 1,
  shrinkShare: 0.4,
  saveEvery: 20,
};

export interface PretrainTools {
  file: LanguageModelFile;
  runtime: LanguageModelRuntime;
  thread: GraphThread;
  /** Compiled graphs; shared with serving. */
  cacheFolder: string;
  /** Samples, features, states and the log of this run. */
  workFolder: string;
  threads: number;
  onProgress(stage: 'sample' | 'read' | 'train' | 'evaluate', done: number, total: number, report?: StepReport): void;
  signal?: AbortSignal;
}

/** The finished checkpoint and what it reached on unseen prompts. */
export interface PretrainResult {
  checkpoint: Checkpoint;
  reconstruction: Reconstruction;
}

export async function pretrain(settings: PretrainSettings, tools: PretrainTools): Promise<PretrainResult> {
  await mkdir(tools.workFolder, { recursive: true });
  const { samples, features } = await collect(settings, tools);
  const training = samples.slice(0, settings.prompts);
  const fitted = fitProjection(
    features.slice(0, settings.prompts).map((f) => f.replies),
    features.slice(0, settings.prompts).map((f) => f.prompt),
    { principal: settings.projected },
  );
  const run = await openRun(settings, tools, samples);
  const state =
    (await readState(tools.workFolder, run.shapes)) ?? initialState(await initialParameters(settings, tools, run));
  const trainer = new ClapTrainer(
    tools.file.config,
    run.sizes,
    run.shapes,
    settings,
    { samples: training, white: fitted.white },
    { step: run.step, readPrompt: run.readPrompt },
    state,
  );
  const log = join(tools.workFolder, 'training.jsonl');
  while (state.step < settings.steps) {
    tools.signal?.throwIfAborted();
    const report = await trainer.train();
    await appendFile(log, `${JSON.stringify(report)}\n`);
    tools.onProgress('train', state.step, settings.steps, report);
    if (state.step % settings.saveEvery === 0 || state.step === settings.steps)
      await writeState(tools.workFolder, run.shapes, state);
  }
  tools.onProgress('evaluate', 0, settings.validation);
  const reconstruction = await evaluate(settings, tools, run, fitted, state.parameters, samples, features);
  return { checkpoint: checkpointOf(settings, tools, run, fitted, state.parameters, reconstruction), reconstruction };
}

async function collect(settings: PretrainSettings, tools: PretrainTools) {
  const prompts = clapPrompts(settings.prompts + settings.validation, settings.seed);
  const { runtime, workFolder: folder, signal } = tools;
  const samples = await sampleReplies(
    prompts,
    { seed: settings.seed, replies: settings.repliesPerPrompt, lengths: settings.lengths, temperature: 1, topP: 0.95 },
    {
      runtime,
      tokenizer: tools.file.tokenizer,
      folder,
      signal,
      onProgress: (done) => tools.onProgress('sample', done, prompts.length),
    },
  );
  const onProgress = (done: number) => tools.onProgress('read', done, prompts.length);
  return { samples, features: await readFeatures(samples, { runtime, folder, signal, onProgress }) };
}

interface Run {
  sizes: ClapSizes;
  shapes: ReturnType<typeof parameterShapes>;
  step: GraphRunner;
  score: GraphRunner;
  inspect: GraphRunner;
  readPrompt: (sample: ClapSample) => Promise<Awaited<ReturnType<ServingModel['readPrompt']>>['cache']>;
}

/** Compiles and opens the training graphs over the float32 weights that the exact serving graphs use too. */
async function openRun(settings: PretrainSettings, tools: PretrainTools, samples: readonly ClapSample[]): Promise<Run> {
  const { file, thread, threads } = tools;
  const longest = Math.max(...samples.map((sample) => sample.promptIds.length - 1));
  const sizes: ClapSizes = {
    latent: settings.latent,
    middle: settings.middle,
    projected: settings.projected,
    replies: settings.batch,
    prompt: Math.ceil(longest / 8) * 8,
    tokens: settings.tokens,
    aggregate: Math.min(64, settings.prompts),
    draws: 16,
  };
  const compiled = await compileModel(file, tools.cacheFolder, 'float32');
  const folder = join(tools.cacheFolder, `${file.digest.slice(0, 16)}-clap-${Object.values(sizes).join('-')}`);
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    await mkdir(draft, { recursive: true });
    const weights = await WeightsFile.create(join(draft, 'weights.bin'));
    for (const [name, build] of [
      ['step', buildClapGraph],
      ['score', buildClapScoreGraph],
    ] as const) {
      const graph = build(new FrozenWeights(new Graph(name), file, 'float32'), sizes);
      await graph.write(draft, { weightsFile: weights });
    }
    await weights.close();
    await rename(draft, folder);
  }
  const read = await thread.open(compiled.read, threads);
  const model = new ServingModel(file.config, { read });
  return {
    sizes,
    shapes: parameterShapes(new FrozenWeights(new Graph('shapes'), file, 'float32'), sizes),
    step: await thread.open(join(folder, 'step.onnx'), threads),
    score: await thread.open(join(folder, 'score.onnx'), threads),
    inspect: await thread.open(compiled.inspect, threads),
    readPrompt: async (sample) => (await model.readPrompt(sample.promptIds, sample.lastUserTurn)).cache,
  };
}

/** Mean = the first whitened directions, log-variance = -2; the adapter starts as the layer inputs of four real tokens. */
async function initialParameters(settings: PretrainSettings, tools: PretrainTools, run: Run): Promise<Parameters> {
  const random = new Random(`${settings.seed}/parameters`);
  const { latent, middle, projected } = settings;
  const size = (name: keyof Parameters) => run.shapes[name].reduce((product, n) => product * n, 1);
  const scaled = (name: 'w1' | 'w2', scale: number) =>
    random
      .fork(name)
      .normals(size(name))
      .map((value) => value * scale);
  const meanWeight = new Float32Array(latent * projected);
  for (let i = 0; i < latent; i++) meanWeight[i * projected + i] = 1;
  return {
    w1: scaled('w1', latent ** -0.5),
    b1: new Float32Array(size('b1')),
    w2: scaled('w2', 0.5 * middle ** -0.5),
    b2: await realTokens(tools, run),
    mean_weight: meanWeight,
    mean_bias: new Float32Array(latent),
    log_variance_weight: new Float32Array(latent * projected),
    log_variance_bias: new Float32Array(latent).fill(-2),
  };
}

/** RMS-normalised layer inputs of the last four tokens of a short chat prompt: [layers, 4 x hidden]. */
async function realTokens(tools: PretrainTools, run: Run): Promise<Float32Array> {
  const { layers, hidden } = tools.file.config;
  const ids = tools.file.tokenizer.encodeChat([{ role: 'user', content: 'Hello.' }]).ids.slice(0, -1);
  const model = new ServingModel(tools.file.config, {});
  const out = await run.inspect.run(model.readFeeds([ids], model.emptyCache(), {}));
  const start = new Float32Array(layers * PREFIX_LENGTH * hidden);
  for (let layer = 0; layer < layers; layer++) {
    for (let token = 0; token < PREFIX_LENGTH; token++) {
      const at = (ids.length - PREFIX_LENGTH + token) * hidden;
      const row = out[`hidden_${layer}`].subarray(at, at + hidden);
      const scale = (row.reduce((sum, value) => sum + value * value, 0) / hidden + 1e-5) ** -0.5;
      start.set(
        row.map((value) => value * scale),
        (layer * PREFIX_LENGTH + token) * hidden,
      );
    }
  }
  return start;
}

async function evaluate(
  settings: PretrainSettings,
  tools: PretrainTools,
  run: Run,
  fitted: FittedProjection,
  parameters: Parameters,
  samples: readonly ClapSample[],
  features: readonly SampledFeatures[],
): Promise<Reconstruction> {
  const heads = headsOf(parameters);
  const latents = features.slice(settings.prompts).map(({ prompt, replies }) => {
    const expected = projectPrompt(fitted, prompt);
    return replies.map((reply) => posteriorOf(heads, projectReply(fitted, reply), expected).mean);
  });
  return evaluateReconstruction(
    tools.file.config,
    run.sizes,
    run.shapes,
    parameters,
    samples.slice(settings.prompts),
    latents,
    { score: run.score, readPrompt: run.readPrompt },
  );
}

function headsOf(parameters: Parameters) {
  return {
    meanHead: { weight: parameters.mean_weight, bias: parameters.mean_bias },
    logVarianceHead: { weight: parameters.log_variance_weight, bias: parameters.log_variance_bias },
  };
}

function checkpointOf(
  settings: PretrainSettings,
  tools: PretrainTools,
  run: Run,
  fitted: FittedProjection,
  parameters: Parameters,
  reconstruction: Reconstruction,
): Checkpoint {
  const { config, digest } = tools.file;
  const { layers, hidden } = config;
  const wide = PREFIX_LENGTH * hidden;
  const depths = featureDepths(layers);
  const { replyProjection, replyOffset, promptProjection, promptOffset } = fitted;
  return {
    modelDigest: digest,
    latentSize: settings.latent,
    featureSize: depths.length * hidden,
    projectedSize: settings.projected,
    depths,
    replyProjection,
    replyOffset,
    promptProjection,
    promptOffset,
    ...headsOf(parameters),
    adapter: {
      w1: { shape: run.shapes.w1, data: parameters.w1 },
      b1: { shape: [layers, settings.middle], data: parameters.b1 },
      w2: { shape: run.shapes.w2, data: parameters.w2 },
      b2: { shape: [layers, wide], data: parameters.b2 },
    },
    training: {
      ...settings,
      model: config.name,
      promptRegressionR2: fitted.r2,
      projectionShare: fitted.explained,
      reconstruction,
    },
  };
}
