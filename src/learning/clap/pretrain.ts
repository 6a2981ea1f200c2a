/** A CLaP run from prompts to checkpoint (docs/method.md 2): sample, read, project, train, evaluate. Every part resumes. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PREFIX_LENGTH } from '../../language-model/graphs/adapter.js';
import { featureDepths } from '../../language-model/graphs/serving.js';
import type { Checkpoint } from '../checkpoint.js';
import { posteriorOf, projectPrompt, projectReply } from '../posterior.js';
import { type FittedProjection, fitProjection } from '../projection.js';
import { evaluateReconstruction, type Reconstruction } from './evaluation.js';
import { clapPrompts } from './prompts.js';
import { initialParameters, openRun, type Run } from './run.js';
import { type ClapSample, readFeatures, readLines, type SampledFeatures, sampleReplies } from './samples.js';
import type { PretrainSettings, PretrainTools } from './settings.js';
import { readState, writeState } from './state.js';
import { ClapTrainer, initialState, type Parameters } from './trainer.js';

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
  // Steps behind the state that was kept are taken again.
  await readLines<{ step: number }>(log, ({ step }) => step <= state.step);
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
    { ...settings, replies: settings.repliesPerPrompt },
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
