/** The stage of a run that raises an adapter's response, and what the adapter reaches before and after it. It resumes. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PosteriorHeads, Projection } from '../../posterior.js';
import { posteriorOf, projectPrompt, projectReply } from '../../posterior.js';
import { evaluateReconstruction, type Reconstruction } from '../evaluation.js';
import { type AdapterName, eachOfAdapter } from '../graph.js';
import type { Run } from '../run.js';
import { type ChatPrompt, type ClapSample, readLines, type SampledFeatures, sampleOwnReplies } from '../samples.js';
import type { PretrainSettings, PretrainTools } from '../settings.js';
import { readState, writeState } from '../state.js';
import { initialState, type TrainerState } from '../trainer.js';
import { measureResponse, type ResponseMeasure } from './measure.js';
import { type AdapterValues, OnPolicy } from './on-policy.js';
import { type ResponseReport, ResponseTrainer } from './trainer.js';

/** What an adapter reaches on prompts it never saw. */
export interface Reached {
  reconstruction: Reconstruction;
  response: ResponseMeasure;
}

/** An adapter with the encoder it belongs to, and what to train and to judge it on. */
export interface ResponseStage {
  encoder: Projection & PosteriorHeads;
  adapter: AdapterValues;
  prompts: readonly ChatPrompt[];
  heldOut: { samples: readonly ClapSample[]; features: readonly SampledFeatures[] };
}

export interface RaisedResponse {
  adapter: AdapterValues;
  before: Reached;
  after: Reached;
}

/** A line of the stage's log: a step, or what was reached at one. */
type LogLine = ResponseReport | { responseStep: number; reached: Reached };

/** The log of the stage that follows so many steps of CLaP. */
export const responseLog = (workFolder: string, clapSteps: number): string =>
  join(workFolder, `response-${clapSteps}.jsonl`);

/** Trains for `settings.response.steps`; 0 of them only measure. */
export async function raiseResponse(
  settings: PretrainSettings,
  tools: PretrainTools,
  run: Run,
  stage: ResponseStage,
): Promise<RaisedResponse> {
  const policy = new OnPolicy(stage.encoder, {
    config: tools.file.config,
    stopTokens: [...tools.file.tokenizer.stopTokens],
    shapes: run.shapes,
    runtime: tools.runtime,
    prefix: await run.open('prefix'),
  });
  const { steps, saveEvery } = settings.response;
  const shapes = eachOfAdapter((name) => run.shapes[name]);
  const path = join(tools.workFolder, `response-${settings.steps}.safetensors`);
  const log = responseLog(tools.workFolder, settings.steps);
  const state = (await readState(path, shapes)) ?? initialState(eachOfAdapter((name) => stage.adapter[name].slice()));
  // Steps behind the state that was kept are taken again, and what was reached behind them is measured again.
  const [first] = await readLines<LogLine>(
    log,
    (line) => line.responseStep <= state.step && (line.responseStep === 0 || !('reached' in line)),
  );
  const reach = (adapter: AdapterValues) => evaluate(settings, tools, run, policy, stage, adapter);
  const note = (line: LogLine) => appendFile(log, `${JSON.stringify(line)}\n`);
  let before = first && 'reached' in first ? first.reached : undefined;
  if (!before) {
    before = await reach(stage.adapter);
    await note({ responseStep: 0, reached: before });
  }
  if (steps === 0) return { adapter: stage.adapter, before, after: before };
  const trainer = await trainerOf(settings, tools, run, policy, stage.prompts, state);
  while (state.step < steps) {
    tools.signal?.throwIfAborted();
    const report = await trainer.train();
    await note(report);
    tools.onProgress('respond', state.step, steps, report);
    if (state.step % saveEvery === 0 || state.step === steps) await writeState(path, shapes, state);
  }
  const after = await reach(state.parameters);
  await note({ responseStep: state.step, reached: after });
  return { adapter: state.parameters, before, after };
}

async function trainerOf(
  settings: PretrainSettings,
  { file, runtime }: PretrainTools,
  run: Run,
  policy: OnPolicy,
  prompts: readonly ChatPrompt[],
  state: TrainerState<AdapterName>,
): Promise<ResponseTrainer> {
  const { seed, clip, shrinkShare } = settings;
  return new ResponseTrainer(
    { ...settings.response, seed, clip, shrinkShare },
    prompts,
    {
      config: file.config,
      sizes: run.sizes,
      shapes: run.shapes,
      policy,
      step: await run.open('response'),
      readPrompt: run.readPrompt,
      sampleReplies: (prompt, count, maxTokens, random) => {
        const seeds = Array.from({ length: count }, () => random.next());
        return sampleOwnReplies(prompt, seeds, maxTokens, settings, { runtime, tokenizer: file.tokenizer });
      },
    },
    state,
  );
}

async function evaluate(
  settings: PretrainSettings,
  { file, onProgress }: PretrainTools,
  run: Run,
  policy: OnPolicy,
  { encoder, heldOut }: ResponseStage,
  adapter: AdapterValues,
): Promise<Reached> {
  const { samples } = heldOut;
  const latents = heldOut.features.map(({ prompt, replies }) => {
    const expected = projectPrompt(encoder, prompt);
    return replies.map((reply) => posteriorOf(encoder, projectReply(encoder, reply), expected).mean);
  });
  const tools = { score: await run.open('score'), readPrompt: run.readPrompt };
  onProgress('evaluate', 0, samples.length);
  return {
    reconstruction: await evaluateReconstruction(file.config, run.sizes, run.shapes, adapter, samples, latents, tools),
    response: await measureResponse(
      policy,
      adapter,
      samples,
      { seed: settings.seed, latent: run.sizes.latent, decode: (ids) => file.tokenizer.decode(ids) },
      (done) => onProgress('evaluate', done, samples.length),
    ),
  };
}
