/**
 * The stage of a run that raises an adapter's response, and what the adapter reaches before and after it. It resumes. The state on disk is
 * the last at which z = 0 cost no more than it may; the stage ends where it costs more.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PosteriorHeads, Projection } from '../../posterior.js';
import { likelihoodBehindZero } from '../evaluation.js';
import { type AdapterName, eachOfAdapter } from '../graph.js';
import type { Run } from '../run.js';
import { type ChatPrompt, readLines, sampleOwnReplies } from '../samples.js';
import type { PretrainSettings, PretrainTools } from '../settings.js';
import { readState, writeState } from '../state.js';
import { initialState, type TrainerState } from '../trainer.js';
import { type AdapterValues, OnPolicy } from './on-policy.js';
import { type HeldOut, type Reached, reach, reachedFacts } from './reached.js';
import { type ResponseReport, ResponseTrainer } from './trainer.js';

/** An adapter with the encoder it belongs to, and what to train and to judge it on. */
export interface ResponseStage {
  encoder: Projection & PosteriorHeads;
  adapter: AdapterValues;
  prompts: readonly ChatPrompt[];
  heldOut: HeldOut;
}

/** What z = 0 cost against no prefix after a step, in nat a token. */
interface ZeroCheck {
  responseStep: number;
  zeroCost: number;
}

/** The check that ended the stage before all of its steps were taken. */
export interface EarlyEnd extends ZeroCheck {
  /** The step whose adapter is kept; 0 for the one that the stage began with. */
  keptStep: number;
}

export interface RaisedResponse {
  adapter: AdapterValues;
  before: Reached;
  after: Reached;
  ended?: EarlyEnd;
}

/** A line of the stage's log: a step, what z = 0 cost after one, or what was reached at one. */
type LogLine = ResponseReport | ZeroCheck | EarlyEnd | { responseStep: number; reached: Reached };

/** The log of the stage that follows so many steps of CLaP. */
export const responseLog = (workFolder: string, clapSteps: number): string =>
  join(workFolder, `response-${clapSteps}.jsonl`);

/** Trains for `settings.response.steps`; 0 of them only measure. */
export async function raiseResponse(
  settings: PretrainSettings,
  tools: PretrainTools,
  run: Run,
  { encoder, adapter, prompts, heldOut }: ResponseStage,
): Promise<RaisedResponse> {
  const policy = new OnPolicy(encoder, {
    config: tools.file.config,
    stopTokens: [...tools.file.tokenizer.stopTokens],
    shapes: run.shapes,
    runtime: tools.runtime,
    prefix: await run.open('prefix'),
  });
  const scoring = { ...run, config: tools.file.config, score: await run.open('score') };
  const shapes = eachOfAdapter((name) => run.shapes[name]);
  const path = join(tools.workFolder, `response-${settings.steps}.safetensors`);
  const log = responseLog(tools.workFolder, settings.steps);
  const note = (line: LogLine) => appendFile(log, `${JSON.stringify(line)}\n`);
  const reachBy = (values: AdapterValues) =>
    reach(values, heldOut, {
      ...scoring,
      encoder,
      policy,
      seed: settings.seed,
      decode: (ids) => tools.file.tokenizer.decode(ids),
      onProgress: (done) => tools.onProgress('evaluate', done, heldOut.samples.length),
    });
  const show = (reached: Reached) =>
    tools.onProgress('evaluate', heldOut.samples.length, heldOut.samples.length, reachedFacts(reached));
  const keptState = async () =>
    (await readState(path, shapes)) ?? initialState(eachOfAdapter((name) => adapter[name].slice()));

  const state = await keptState();
  let before = await readBefore(log, state.step);
  if (!before) {
    before = await reachBy(adapter);
    await note({ responseStep: 0, reached: before });
  }
  show(before);
  if (settings.response.steps === 0) return { adapter, before, after: before };
  const trainer = await trainerOf(settings, tools, run, policy, prompts, state);
  const { none } = before.reconstruction;
  const ended = await takeSteps(settings, tools, trainer, {
    note,
    zeroCost: async () => (await likelihoodBehindZero(state.parameters, heldOut.samples, scoring)) - none,
    keep: () => writeState(path, shapes, state),
  });
  const kept = ended ? await keptState() : state;
  const after = await reachBy(kept.parameters);
  show(after);
  await note({ responseStep: kept.step, reached: after });
  return { adapter: kept.parameters, before, after, ended };
}

/** Takes the steps that are left. Where z = 0 costs more than it may, none is kept any more: that check is the last. */
async function takeSteps(
  { response: { steps, saveEvery, zeroCost: largest } }: PretrainSettings,
  { onProgress, signal }: PretrainTools,
  trainer: ResponseTrainer,
  tools: { note: (line: LogLine) => Promise<void>; zeroCost: () => Promise<number>; keep: () => Promise<void> },
): Promise<EarlyEnd | undefined> {
  const { state } = trainer;
  let keptStep = state.step;
  while (state.step < steps) {
    signal?.throwIfAborted();
    const report = await trainer.train();
    await tools.note(report);
    onProgress('respond', state.step, steps, report);
    if (state.step % saveEvery !== 0 && state.step < steps) continue;
    const check = { responseStep: state.step, zeroCost: await tools.zeroCost() };
    // A cost that is no number is too much as well.
    const ended = check.zeroCost <= largest ? undefined : { ...check, keptStep };
    await tools.note(ended ?? check);
    if (ended) return ended;
    await tools.keep();
    keptStep = state.step;
  }
  return undefined;
}

/**
 * What the log says was reached before the first step. Steps behind the state that was kept are taken again, and what was reached behind
 * them is measured again: their lines are cut off.
 */
async function readBefore(log: string, keptStep: number): Promise<Reached | undefined> {
  const [first] = await readLines<LogLine>(
    log,
    (line) => line.responseStep <= keptStep && (line.responseStep === 0 || !('reached' in line)),
  );
  return first && 'reached' in first ? first.reached : undefined;
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
