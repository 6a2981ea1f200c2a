/** A CLaP run from prompts to checkpoint (docs/method.md 2): sample, read, project, train, raise the response, evaluate. Every part resumes. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PREFIX_LENGTH } from '../../language-model/graphs/adapter.js';
import { featureDepths } from '../../language-model/graphs/serving.js';
import type { Checkpoint, LoadedCheckpoint } from '../checkpoint.js';
import { type FittedProjection, fitProjection } from '../projection.js';
import { eachOfAdapter } from './graph.js';
import { clapPrompts } from './prompts.js';
import type { Reached } from './response/reached.js';
import { type EarlyEnd, type RaisedResponse, raiseResponse } from './response/stage.js';
import { initialParameters, openRun, type Run } from './run.js';
import { chatPrompt, readFeatures, readLines, sampleReplies } from './samples.js';
import type { PretrainSettings, PretrainTools } from './settings.js';
import { readState, writeState } from './state.js';
import { ClapTrainer, initialState, type Parameters } from './trainer.js';

/** The finished checkpoint and what it reached on unseen prompts. */
export interface PretrainResult extends Reached {
  checkpoint: Checkpoint;
  /** What it reached before its response was raised; undefined where that was not asked for. */
  before?: Reached;
  /** Why that ended before all of its steps were taken. */
  ended?: EarlyEnd;
}

export async function pretrain(settings: PretrainSettings, tools: PretrainTools): Promise<PretrainResult> {
  await mkdir(tools.workFolder, { recursive: true });
  const { prompts, validation, seed } = settings;
  const { samples, features } = await collect(clapPrompts(prompts + validation, seed), settings, tools);
  const fitted = fitProjection(
    features.slice(0, prompts).map((f) => f.replies),
    features.slice(0, prompts).map((f) => f.prompt),
    { principal: settings.projected },
  );
  const run = await openRun(settings, tools, samples);
  const path = join(tools.workFolder, 'state.safetensors');
  const state = (await readState(path, run.shapes)) ?? initialState(await initialParameters(settings, tools, run));
  const trainer = new ClapTrainer(
    tools.file.config,
    run.sizes,
    run.shapes,
    settings,
    { samples: samples.slice(0, prompts), white: fitted.white },
    { step: await run.open('step'), readPrompt: run.readPrompt },
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
      await writeState(path, run.shapes, state);
  }
  const raised = await raiseResponse(settings, tools, run, {
    encoder: { ...fitted, ...headsOf(state.parameters) },
    adapter: state.parameters,
    prompts: samples.slice(0, prompts),
    heldOut: { samples: samples.slice(prompts), features: features.slice(prompts) },
  });
  return resultOf(settings, raised, checkpointOf(settings, tools, run, fitted, state.parameters));
}

/**
 * Raises the response of a checkpoint that CLaP has made; its encoder stays as it is, so that what is stored of replies goes on meaning the
 * same. The prompts are those that a whole run of these settings would train on and be judged on.
 * @param settings sizes must be the checkpoint's
 */
export async function goOnFrom(
  from: LoadedCheckpoint,
  settings: PretrainSettings,
  tools: PretrainTools,
): Promise<PretrainResult> {
  await mkdir(tools.workFolder, { recursive: true });
  const texts = clapPrompts(settings.prompts + settings.validation, settings.seed);
  // No more of them than are judged.
  const judged = { ...settings, repliesPerPrompt: settings.batch };
  const { samples, features } = await collect(texts.slice(settings.prompts), judged, tools);
  const prompts = texts.slice(0, settings.prompts).map((text) => chatPrompt(text, tools.file.tokenizer));
  const run = await openRun(settings, tools, [...prompts, ...samples]);
  const raised = await raiseResponse(settings, tools, run, {
    encoder: from,
    adapter: eachOfAdapter((name) => from.adapter[name].data),
    prompts,
    heldOut: { samples, features },
  });
  const { digest, ...checkpoint } = from;
  return resultOf(settings, raised, { ...checkpoint, training: { ...from.training, startedFrom: digest } });
}

async function collect(prompts: readonly string[], settings: PretrainSettings, tools: PretrainTools) {
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
    },
  };
}

/** @param checkpoint all but what the stage behind CLaP changed */
function resultOf(settings: PretrainSettings, raised: RaisedResponse, checkpoint: Checkpoint): PretrainResult {
  const { adapter, before, after, ended } = raised;
  const training = {
    ...checkpoint.training,
    response: settings.response,
    reconstruction: after.reconstruction,
    responseReached: after.response,
    responseEnded: ended,
  };
  const arrays = eachOfAdapter((name) => ({ ...checkpoint.adapter[name], data: adapter[name] }));
  const result = { ...after, checkpoint: { ...checkpoint, adapter: arrays, training } };
  return settings.response.steps > 0 ? { ...result, before, ended } : result;
}
