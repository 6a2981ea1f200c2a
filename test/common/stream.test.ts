import { describe, expect, it } from 'vitest';
import { Stream, stepwise } from '../../src/common/stream.js';

async function read<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const event of stream) seen.push(event);
  return seen;
}

const DONE = { done: true, value: undefined };

describe('a stream', () => {
  it('hands on everything in order, also to readers who wait already', async () => {
    const stream = new Stream<number>();
    const waiting = [stream.next(), stream.next()];
    for (const event of [1, 2, 3, 4]) stream.push(event);
    stream.end();
    stream.push(5);
    expect((await Promise.all(waiting)).map(({ value }) => value)).toEqual([1, 2]);
    expect(await read(stream)).toEqual([3, 4]);
    expect(await stream.next()).toEqual(DONE);
  });

  it('hands on what came before a failure, then the failure, then nothing', async () => {
    const stream = new Stream<number>();
    stream.push(1);
    stream.end(new Error('broken'));
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await expect(stream.next()).rejects.toThrow('broken');
    expect(await stream.next()).toEqual(DONE);
  });

  it('gives a failure to the first who waits, and tells the others that it is over', async () => {
    const stream = new Stream<number>();
    const [first, second] = [stream.next(), stream.next()];
    stream.end(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    expect(await second).toEqual(DONE);
  });

  it('ends at once when it is returned, for whoever waits too, and tells its source once', async () => {
    let ends = 0;
    const stream = new Stream<number>({ onEnd: () => ends++ });
    const waiting = stream.next();
    expect(await stream.return()).toEqual(DONE);
    expect(await waiting).toEqual(DONE);
    stream.end(new Error('too late'));
    await stream.return();
    expect(await stream.next()).toEqual(DONE);
    expect(ends).toBe(1);
  });

  it('forgets what is unread when it is returned, and a failure too', async () => {
    const stream = new Stream<number>();
    stream.push(1);
    stream.end(new Error('broken'));
    await stream.return();
    expect(await stream.next()).toEqual(DONE);
  });

  it('ends with its signal, and leaves nothing on it when it has ended before', async () => {
    const abort = new AbortController();
    const stream = new Stream<number>({ signal: abort.signal });
    stream.push(1);
    abort.abort();
    expect(await read(stream)).toEqual([1]);
    let ends = 0;
    expect(await new Stream({ signal: AbortSignal.abort(), onEnd: () => ends++ }).next()).toEqual(DONE);
    expect(ends).toBe(1);
    const ended = new AbortController();
    new Stream({ signal: ended.signal, onEnd: () => ends++ }).end();
    ended.abort();
    expect(ends).toBe(2);
  });
});

describe('what a slow reader has not read', () => {
  const merge = (unread: string, next: string) => (unread[0] === next[0] ? `${unread}${next.slice(1)}` : undefined);

  it('is put together where it says the same', async () => {
    const stream = new Stream<string>({ merge });
    for (const event of ['a1', 'a2', 'b1', 'b2', 'a3']) stream.push(event);
    stream.end();
    expect(await read(stream)).toEqual(['a12', 'b12', 'a3']);
  });

  it('is put together with the newest about the same, whatever came in between', async () => {
    const stream = new Stream<string>({ merge, subject: ([first]) => first });
    for (const event of ['a1', 'b1', 'a2', 'b2', 'c1']) stream.push(event);
    stream.end();
    expect(await read(stream)).toEqual(['a12', 'b12', 'c1']);
  });

  it('never comes before what was newer about the same', async () => {
    const states = new Stream<{ job: string; status: string; step: number }>({
      subject: ({ job }) => job,
      merge: (unread, next) => (unread.status === next.status ? next : undefined),
    });
    const said = ['QUEUED 0', 'RUNNING 1', 'RUNNING 2', 'QUEUED 3'];
    for (const state of said) states.push({ job: 'a', status: state.split(' ')[0], step: Number(state.split(' ')[1]) });
    states.end();
    expect((await read(states)).map(({ status, step }) => `${status} ${step}`)).toEqual([
      'QUEUED 0',
      'RUNNING 2',
      'QUEUED 3',
    ]);
  });

  it('is no more than the limit: the oldest go', async () => {
    const stream = new Stream<number>({ limit: 2 });
    for (const event of [1, 2, 3, 4]) stream.push(event);
    stream.end();
    expect(await read(stream)).toEqual([3, 4]);
  });

  it('is no more than the limit: where an error is given for that, the reader gets it at once and the source ends', async () => {
    let ended = false;
    const stream = new Stream<number>({ limit: 2, overflow: () => new Error('too slow'), onEnd: () => (ended = true) });
    for (const event of [1, 2, 3]) stream.push(event);
    expect(ended).toBe(true);
    await expect(stream.next()).rejects.toThrow('too slow');
    expect(await stream.next()).toEqual(DONE);
  });
});

describe('a stream taken stepwise', () => {
  it('brings what is made of each step', async () => {
    const stream = new Stream<number>();
    for (const event of [1, 2]) stream.push(event);
    stream.end();
    const doubled = stepwise(stream, async (take) => {
      const step = await take();
      return step.done ? step : { done: false, value: 2 * step.value };
    });
    expect(await read(doubled)).toEqual([2, 4]);
  });

  it('hands a return to its source while a step waits, and has none where the source has none', async () => {
    const stream = new Stream<number>();
    const same = stepwise(stream, (take) => take());
    const waiting = same.next();
    expect(await same.return?.()).toEqual(DONE);
    expect([await waiting, stream.ended]).toEqual([DONE, true]);
    const endless = stepwise({ next: async () => ({ done: false as const, value: 1 }) }, (take) => take());
    expect(await endless.return?.()).toEqual(DONE);
  });
});
