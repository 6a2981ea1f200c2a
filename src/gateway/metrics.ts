/** What the service counts of itself, for Prometheus: only numbers, nobody's text, name or id. */
import type { IncomingMessage } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Generation, PoolStatus, TrainingJob } from '../contract/generated/types.js';
import type { Services, StartedGeneration } from '../services/services.js';
import type { ErrorTally } from './error-tally.js';

/** Seconds. A generation takes tenths to minutes; an acknowledgement and a training milliseconds to seconds. */
const LONG = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const SHORT = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

const NOT_YET = Promise.resolve(null);

type Outcome = 'finished' | 'cancelled' | 'failed';

export class Metrics {
  private readonly registry = new Registry();
  private readonly generations = this.counter('generations_total', 'Generations that ended, by how.', 'outcome');
  private readonly replies = this.counter('replies_total', 'Replies written, by why their text ends.', 'reason');
  private readonly tokens = this.counter('tokens_total', 'Tokens of all replies written.');
  private readonly generationSeconds = this.histogram('generation_seconds', 'From a request to its last token.', LONG);
  private readonly votes = this.counter(
    'votes_total',
    'Verdicts acknowledged, by kind; WITHDRAWN ones taken back.',
    'verdict',
  );
  private readonly voteSeconds = this.histogram('vote_seconds', 'From a verdict to its being on disk.', SHORT);
  private readonly trainings = this.counter('trainings_total', 'Trainings that ended, by status.', 'status');
  private readonly trainingSeconds = this.histogram('training_seconds', 'Computing an encoder.', SHORT);

  constructor(pool: () => PoolStatus, errors: ErrorTally) {
    collectDefaultMetrics({ register: this.registry });
    new Counter({
      name: 'palate_errors_total',
      help: 'Errors answered, by code.',
      labelNames: ['code'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { code, count } of errors.list()) this.inc({ code }, count);
      },
    });
    const gauge = (name: string, help: string, read: (status: PoolStatus) => number) =>
      new Gauge({
        name: `palate_${name}`,
        help,
        registers: [this.registry],
        collect() {
          this.set(read(pool()));
        },
      });
    gauge('ready', '1 when a generation can begin now.', ({ ready }) => Number(ready));
    gauge('slots', 'Replies that can be written at the same time.', ({ slots }) => slots);
    gauge('slots_busy', 'Replies being written.', ({ busySlots }) => busySlots);
    gauge('replies_queued', 'Replies that wait for a slot.', ({ queued }) => queued);
    gauge('tokens_per_second', 'Tokens over the last second of work.', ({ tokensPerSecond }) => tokensPerSecond);
    gauge('trainings_queued', 'Trainings that wait.', ({ trainingQueued }) => trainingQueued);
    gauge('trainings_running', 'Trainings being computed.', ({ trainingRunning }) => trainingRunning);
  }

  /** The same services, counted. */
  measure(services: Services): Services {
    const { generations, preferences } = services;
    const start: typeof generations.start = async (input, signal) => {
      const begun = performance.now();
      const started = await generations.start(input, signal);
      void this.follow(started, begun);
      return started;
    };
    const submit: typeof preferences.submit = async (input) => {
      const timed = this.voteSeconds.startTimer();
      const result = await preferences.submit(input);
      timed();
      this.votes.inc({ verdict: result.feedback.verdict });
      return result;
    };
    const withdraw: typeof preferences.withdraw = async (id) => {
      const result = await preferences.withdraw(id);
      this.votes.inc({ verdict: 'WITHDRAWN' });
      return result;
    };
    return over(services, {
      generations: over(generations, { start }),
      preferences: over(preferences, { submit, withdraw }),
    });
  }

  /** Counts trainings as they end, until `signal` aborts. */
  async watchTrainings(jobs: AsyncIterable<TrainingJob>): Promise<void> {
    let first = true;
    for await (const { status, durationMs } of jobs) {
      const ended = status !== 'QUEUED' && status !== 'RUNNING';
      // The first job is the latest one there was: where it has ended, that was before anybody counted.
      if (ended && !first) {
        this.trainings.inc({ status });
        if (durationMs !== null) this.trainingSeconds.observe(durationMs / 1_000);
      }
      first = false;
    }
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Everything in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private async follow({ finished }: StartedGeneration, begun: number): Promise<void> {
    // One that is there already was another request's: this one had its key.
    const written = await Promise.race([finished, NOT_YET]).catch(() => null);
    if (written !== null) return;
    finished.then(
      (generation) => {
        this.generationSeconds.observe((performance.now() - begun) / 1_000);
        this.generations.inc({ outcome: outcomeOf(generation) });
        for (const { finishReason, tokens } of generation.candidates) {
          this.replies.inc({ reason: finishReason });
          this.tokens.inc(tokens);
        }
      },
      () => this.generations.inc({ outcome: 'failed' satisfies Outcome }),
    );
  }

  private counter<Label extends string>(name: string, help: string, label?: Label): Counter<Label> {
    const labelNames = label === undefined ? [] : [label];
    return new Counter({ name: `palate_${name}`, help, labelNames, registers: [this.registry] });
  }

  private histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `palate_${name}`, help, buckets, registers: [this.registry] });
  }
}

/** An object with some of its members replaced; the others stay its own. */
function over<T extends object>(original: T, members: Partial<T>): T {
  return Object.assign(Object.create(original), members);
}

function outcomeOf({ candidates }: Generation): Outcome {
  return candidates.some(({ finishReason }) => finishReason === 'CANCELLED') ? 'cancelled' : 'finished';
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/;
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;
/** What proxies say of whom they speak for. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whether a request comes from a program on this machine that speaks for itself: not through a proxy, and not from a web page that
 * was led here by a name of its own.
 */
export function isFromThisMachine({
  socket,
  headers,
}: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string } }): boolean {
  return (
    LOOPBACK.test(socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(headers.host ?? '') &&
    headers.origin === undefined &&
    !FORWARDED.some((name) => headers[name] !== undefined)
  );
}
