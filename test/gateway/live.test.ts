import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { Stream, type StreamOptions } from '../../src/common/stream.js';
import type { GenerationEvent, TrainingJob } from '../../src/contract/generated/types.js';
import { ADMIN } from '../../src/gateway/auth.js';
import { live } from '../../src/gateway/live.js';
import { Quotas } from '../../src/gateway/steps/quotas.js';
import { generationEvents, streamGeneration, trainingSteps } from '../../src/gateway/streams.js';
import { openServicesFixture } from '../services/fixture.js';
import { jobView } from './echo-services.js';

const never = () => undefined;

async function* numbers(signal: AbortSignal, count: number): AsyncGenerator<number> {
  for (let i = 0; i < count && !signal.aborted; i++) {
    yield i;
    if (i % 10 === 9) await pause(1);
  }
}

describe('live', () => {
  it('hands on everything in order', async () => {
    const seen: number[] = [];
    for await (const value of live({ source: (signal) => numbers(signal, 25), merge: never, limit: 100 }))
      seen.push(value);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  it('merges what waits', async () => {
    let ended = () => {};
    const read = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const source = async function* (signal: AbortSignal) {
      yield* numbers(signal, 1_000);
      ended();
    };
    const stream = live({ source, merge: (a, b) => a + b, limit: 2 });
    const first = await stream.next();
    await read;
    const second = await stream.next();
    expect((first.value ?? 0) + (second.value ?? 0)).toBe((999 * 1_000) / 2);
    expect((await stream.next()).done).toBe(true);
  });

  it('gives up on a reader who falls too far behind, and stops the source', async () => {
    let stopped = false;
    const stream = live({
      source: (signal) => {
        signal.addEventListener('abort', () => {
          stopped = true;
        });
        return numbers(signal, 1_000);
      },
      merge: never,
      limit: 20,
    });
    await stream.next();
    await pause(50);
    await expect(stream.next()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect((await stream.next()).done).toBe(true);
    expect(stopped).toBe(true);
  });

  it('ends a waiting reader and the source at once when it is returned', async () => {
    let aborted = false;
    const source = async function* (signal: AbortSignal): AsyncGenerator<number> {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted = true;
    };
    const stream = live({ source, merge: never, limit: 1 });
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await pause(1);
    expect(aborted).toBe(true);
  });

  it('never starts a source that nobody reads, and still says that it is stopped', async () => {
    const stopped = new AbortController();
    let started = false;
    const source = (signal: AbortSignal) => {
      started = true;
      return numbers(signal, 1);
    };
    await live({ source, merge: never, limit: 1, stopped }).return();
    expect([started, stopped.signal.aborted]).toEqual([false, true]);
  });

  it('delivers what came before an error, then the error', async () => {
    const source = async function* (): AsyncGenerator<number> {
      yield 1;
      throw new Error('broken');
    };
    const stream = live({ source, merge: never, limit: 5 });
    expect((await stream.next()).value).toBe(1);
    await expect(stream.next()).rejects.toThrow('broken');
  });
});

describe('merging', () => {
  /** What a reader sees who reads once all of it has come. */
  async function unread<T>(events: readonly T[], merging: Pick<StreamOptions<T>, 'subject' | 'merge'>): Promise<T[]> {
    const stream = new Stream<T>(merging);
    for (const event of events) stream.push(event);
    stream.end();
    const seen: T[] = [];
    for await (const event of stream) seen.push(event);
    return seen;
  }
  const delta = (candidateId: string, text: string): GenerationEvent => ({
    __typename: 'CandidateDelta',
    candidateId,
    text,
  });
  const queued = (ahead: number): GenerationEvent => ({
    __typename: 'GenerationQueued',
    generationId: 'g',
    ahead,
    estimatedWaitMs: 1_000 * ahead,
  });
  const started: GenerationEvent = { __typename: 'GenerationStarted', generationId: 'g', candidates: [] };

  it('puts the text of one candidate together and leaves others alone', async () => {
    const events = [started, delta('a', 'one'), delta('b', 'uno'), delta('a', ' two'), delta('b', ' dos')];
    expect(await unread(events, generationEvents)).toEqual([started, delta('a', 'one two'), delta('b', 'uno dos')]);
  });

  it('keeps the newest place of a generation that waits, and no text in its stead', async () => {
    const events = [queued(3), queued(2), started, delta('a', 'x')];
    expect(await unread(events, generationEvents)).toEqual([queued(2), started, delta('a', 'x')]);
  });

  it('keeps the newest step of each job and every change of its status, also of one that came back', async () => {
    const step = (id: string, status: TrainingJob['status'], step: number) => jobView(id, { status, step });
    const events = [
      step('a', 'QUEUED', 0),
      step('a', 'RUNNING', 1),
      step('b', 'RUNNING', 1),
      step('a', 'RUNNING', 2),
      step('a', 'QUEUED', 0),
      step('a', 'SUCCEEDED', 3),
    ];
    expect((await unread(events, trainingSteps)).map(({ id, status, step }) => `${id} ${status} ${step}`)).toEqual([
      'a QUEUED 0',
      'a RUNNING 2',
      'b RUNNING 1',
      'a QUEUED 0',
      'a SUCCEEDED 3',
    ]);
  });
});

describe('a stream of a generation', () => {
  it('gives it up when its reader goes away while it is planned', async () => {
    const { services, close } = await openServicesFixture();
    const gone = new AbortController();
    const limits = DEFAULT_LIMITS;
    const context = { services, limits, quotas: new Quotas(limits), viewer: ADMIN, signal: gone.signal };
    const member = { platform: 'test', externalId: 'ada' };
    const stream = streamGeneration({ member, prompt: 'Say hello.' }, context);
    gone.abort();
    await expect(stream).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await services.members.byRef(member)).toBeNull();
    await close();
  });
});
