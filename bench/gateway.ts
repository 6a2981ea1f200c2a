/**
 * Claim: GraphQL over HTTP costs a generation and a verdict at most 3 ms each (median) over calling the service directly, and a
 * thousand subscribers to trainingStatus hear every change once and in order from one thread.
 * Both ways are taken in turn, so that whatever else happens on the machine happens to both.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { TrainingJobView } from '../src/services/views.js';
import type { Faults, Heard } from './gateway-listeners.js';
import { type GatewayUnderTest, startGateway } from './gateway-under-test.js';
import { VOTE_PROMPTS } from './prompts.js';
import { type GatewayOptions, writeResult } from './report.js';
import { distribution, quantile } from './statistics.js';

/** The shortest generation there is: what surrounds it is what is measured. */
const SHORTEST = { candidateCount: 2, maxTokens: 1 };
/** Calls before the clock counts. */
const WARM_UP = 20;

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
  for (let call = -WARM_UP; call < calls; call++) {
    for (const way of call % 2 === 0 ? (['direct', 'http'] as const) : (['http', 'direct'] as const)) {
      const { generated, acknowledged } = await callOnce(gateway, way, call);
      if (call < 0) continue;
      generate[way].push(generated);
      feedback[way].push(acknowledged);
    }
  }
  return { generate, feedback };
}

async function callOnce({ client, services }: GatewayUnderTest, way: keyof Ways, call: number) {
  // Members of one verdict each: no training grows while the calls are compared.
  const member = { platform: 'bench', externalId: `${way}-${call}` };
  const input = { ...SHORTEST, member, prompt: VOTE_PROMPTS[(call + WARM_UP) % VOTE_PROMPTS.length], seed: 1 };
  const begun = performance.now();
  const generation =
    way === 'http' ? await client.generate(input) : await (await services.generations.start(input)).finished;
  const generated = performance.now() - begun;
  const verdict = {
    generationId: generation.id,
    verdict: 'CHOSEN',
    chosenCandidateId: generation.candidates[0].id,
  } as const;
  const sent = performance.now();
  const { trainingJob } =
    way === 'http' ? await client.submitFeedback(verdict) : await services.preferences.submit(verdict);
  const acknowledged = performance.now() - sent;
  if (trainingJob) await ended(services.training, trainingJob.id);
  return { generated, acknowledged };
}

async function ended(training: GatewayUnderTest['services']['training'], id: string): Promise<void> {
  for (;;) {
    const job = await training.byId(id);
    if (!job || (job.status !== 'QUEUED' && job.status !== 'RUNNING')) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Listeners in another process hear of trainings, and say what they heard; what was published is heard here, at the source. */
async function benchSubscriptions(gateway: GatewayUnderTest, subscriptions: number, trainings: number) {
  const listeners = fork(fileURLToPath(new URL('./gateway-listeners.ts', import.meta.url)), [], {
    serialization: 'advanced',
  });
  try {
    listeners.send({ url: gateway.url, key: gateway.key, subscriptions });
    await once(listeners, 'message');
    const published: TrainingJobView[] = [];
    const stopped = new AbortController();
    const source = (async () => {
      for await (const job of gateway.services.training.watch(null, stopped.signal)) published.push(job);
    })();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    for (let i = 0; i < trainings; i++) await callOnce(gateway, 'direct', 1_000_000 + i);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    delay.disable();
    stopped.abort();
    await source;
    listeners.send('report');
    const [heard] = (await once(listeners, 'message')) as [Heard];
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

function faultRows({ missing, repeated, disordered }: Faults) {
  return { missing: { value: missing }, repeated: { value: repeated }, disordered: { value: disordered } };
}

const medianOverhead = ({ direct, http }: Ways): number => round(quantile(http, 0.5) - quantile(direct, 0.5));
const round = (value: number): number => Math.round(100 * value) / 100;
