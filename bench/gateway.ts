/**
 * Claim: GraphQL over HTTP costs a generation and a verdict at most 3 ms each (median) over calling the service directly, and a
 * thousand subscribers to trainingStatus hear every change once and in order from one thread.
 * Both ways are taken in turn, so that whatever else happens on the machine happens to both; the client has a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { GenerateInput } from '../src/client/index.js';
import type { TrainingJob } from '../src/contract/generated/types.js';
import { type Call, READING_MS } from './gateway-calls.js';
import type { Faults, Heard } from './gateway-listeners.js';
import { type GatewayUnderTest, startGateway } from './gateway-under-test.js';
import { type GatewayOptions, writeResult } from './report.js';
import { distribution, quantile } from './statistics.js';
import { VOTE_PROMPTS } from './taste/prompts.js';

/** The shortest generation there is, of a prompt that has been read before: what surrounds it is what is measured. */
const SHORTEST = { candidateCount: 2, maxTokens: 1, prompt: VOTE_PROMPTS[0] };
/** Calls before the clock counts. */
const WARM_UP = 20;
/** Rounds of reading and repeating before them: what is measured is a service that has been running for a while. */
const WARM_UP_ROUNDS = 400;

interface Ways {
  direct: number[];
  http: number[];
}

export async function benchGateway({ calls, subscriptions, trainings, settings }: GatewayOptions): Promise<void> {
  const gateway = await startGateway(settings);
  try {
    const { generate, feedback } = await compareWays(gateway, calls);
    const milliseconds = {
      'generate, direct': distribution(generate.direct),
      'generate, HTTP': distribution(generate.http),
      'submitFeedback, direct': distribution(feedback.direct),
      'submitFeedback, HTTP': distribution(feedback.http),
    };
    console.table(milliseconds);
    const overhead = { generate: medianOverhead(generate), submitFeedback: medianOverhead(feedback) };
    const acknowledgedP95 = round(quantile(feedback.http, 0.95));
    console.table({
      'added by HTTP (median, ms)': overhead,
      'acknowledged over HTTP (p95, ms)': { submitFeedback: acknowledgedP95 },
    });
    const fanOut = await benchSubscriptions(gateway, subscriptions, trainings);
    console.table(fanOut);
    await writeResult('gateway', { calls, milliseconds, overhead, acknowledgedP95, fanOut });
  } finally {
    await gateway.stop();
  }
}

/** Each generation and each verdict once directly and once over HTTP, the first way alternating. */
async function compareWays(gateway: GatewayUnderTest, calls: number): Promise<{ generate: Ways; feedback: Ways }> {
  const generate: Ways = { direct: [], http: [] };
  const feedback: Ways = { direct: [], http: [] };
  const caller = startProcess('./gateway-caller.ts');
  await ask(caller, { url: gateway.url, key: gateway.key });
  await ask(caller, { warmUp: inputOf('warm', 0), rounds: WARM_UP_ROUNDS });
  for (let call = -WARM_UP; call < calls; call++) {
    for (const way of call % 2 === 0 ? (['direct', 'http'] as const) : (['http', 'direct'] as const)) {
      const input = inputOf(way, call);
      const done = way === 'http' ? await ask<Call>(caller, { input }) : await callDirectly(gateway, input);
      await ended(gateway, done.jobId);
      if (call < 0) continue;
      generate[way].push(done.generated);
      feedback[way].push(done.acknowledged);
    }
  }
  caller.kill();
  return { generate, feedback };
}

/** The same calls without GraphQL. */
async function callDirectly({ services }: GatewayUnderTest, input: GenerateInput): Promise<Call> {
  const begun = performance.now();
  const { id, candidates } = await (await services.generations.start(input)).finished;
  const generated = performance.now() - begun;
  await setTimeout(READING_MS);
  const sent = performance.now();
  const { trainingJob } = await services.preferences.submit({
    generationId: id,
    verdict: 'CHOSEN',
    chosenCandidateId: candidates[0].id,
  });
  return { generated, acknowledged: performance.now() - sent, jobId: trainingJob?.id ?? null };
}

/** Members of one verdict each: no training grows while calls are compared. */
function inputOf(way: string, call: number): GenerateInput {
  const member = { platform: 'bench', externalId: `${way}-${call}` };
  return { ...SHORTEST, member, seed: 1 };
}

async function ended({ services }: GatewayUnderTest, jobId: string | null): Promise<void> {
  while (jobId !== null) {
    const job = await services.training.byId(jobId);
    if (!job || (job.status !== 'QUEUED' && job.status !== 'RUNNING')) return;
    await setTimeout(5);
  }
}

/** Listeners in another process hear of trainings, and say what they heard; what was published is heard here, at the source. */
async function benchSubscriptions(gateway: GatewayUnderTest, subscriptions: number, trainings: number) {
  const listeners = startProcess('./gateway-listeners.ts');
  try {
    await ask(listeners, { url: gateway.url, key: gateway.key, subscriptions });
    const published: TrainingJob[] = [];
    const stopped = new AbortController();
    const source = (async () => {
      for await (const job of gateway.services.training.watch(null, stopped.signal)) published.push(job);
    })();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    for (let i = 0; i < trainings; i++) {
      await ended(gateway, (await callDirectly(gateway, inputOf('heard', i))).jobId);
    }
    await setTimeout(2_000);
    delay.disable();
    stopped.abort();
    await source;
    const heard: Heard = await ask(listeners, 'report');
    const changes = new Set(published.slice(1).map(({ id, status }) => `${id} ${status}`));
    return {
      subscriptions: { value: subscriptions },
      trainings: { value: trainings },
      'changes of status': { value: changes.size },
      'heard by all (least, most)': { value: `${heard.least}, ${heard.most}` },
      ...faultRows(heard.faults),
      'first to last subscriber (median, ms)': { value: round(quantile(heard.spreads, 0.5)) },
      'first to last subscriber (p99, ms)': { value: round(quantile(heard.spreads, 0.99)) },
      'event loop delay (p99, ms)': { value: round(delay.percentile(99) / 1e6) },
    };
  } finally {
    listeners.kill();
  }
}

/** A file of this folder as a process. */
function startProcess(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)));
}

/** Sends a message, and waits for the one that answers it. */
async function ask<Answer>(other: ChildProcess, message: object | string): Promise<Answer> {
  const answered = once(other, 'message');
  other.send(message);
  const [answer] = await answered;
  return answer;
}

function faultRows({ missing, repeated, disordered }: Faults) {
  return { missing: { value: missing }, repeated: { value: repeated }, disordered: { value: disordered } };
}

/** Of each pair of calls, what the one took longer than the other beside it. */
const medianOverhead = ({ direct, http }: Ways): number =>
  round(
    quantile(
      http.map((time, call) => time - direct[call]),
      0.5,
    ),
  );
const round = (value: number): number => Math.round(100 * value) / 100;
