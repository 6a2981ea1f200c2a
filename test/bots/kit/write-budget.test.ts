import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GrowingMessage, nextWrite, WriteBudget, type WriteKind, type WriteRule } from '../../../bots/kit/index.js';

/** Five writes in a second; between windows a fifth of a second is kept. */
const RULE: WriteRule = { writes: 5, windowMs: 1_000 };
const NEVER = Number.NEGATIVE_INFINITY;

const wanted = (...kinds: (WriteKind | [WriteKind, number])[]) =>
  kinds.map((one) =>
    typeof one === 'string' ? { kind: one, lastWritten: NEVER } : { kind: one[0], lastWritten: one[1] },
  );

describe('the next write', () => {
  it.each([
    ['nothing, where nothing is wanted', wanted(), [], NEVER, 0, null],
    ['what grows, where there is room', wanted('GROWING'), [], NEVER, 1, { write: 0 }],
    ['what is finished, before what grows', wanted('GROWING', 'FINAL'), [], NEVER, 2, { write: 1 }],
    ['what is finished, before buttons that go', wanted('CONTROL', 'FINAL'), [], NEVER, 0, { write: 1 }],
    ['buttons that go, before what grows', wanted('GROWING', 'CONTROL'), [], NEVER, 1, { write: 1 }],
    ['what was finished first', wanted('FINAL', 'FINAL'), [], NEVER, 0, { write: 0 }],
    ['what was written longest ago', wanted(['GROWING', 90], ['GROWING', 10]), [], NEVER, 2, { write: 1 }],
    ['the last one of a window, for what is finished', wanted('FINAL'), [1, 2, 3, 4], 4, 6, { write: 0 }],
    ['none, where the window is full', wanted('FINAL'), [10, 20, 30, 40, 50], 50, 1, { wait: 1_110 }],
    ['none that grows, where what is left is set aside', wanted('GROWING'), [10, 20, 30], NEVER, 2, { wait: 1_110 }],
    ['none that grows beside the one of a crowd', wanted('GROWING'), [60], NEVER, 6, { wait: 1_160 }],
    ['none that grows so soon behind another', wanted('GROWING'), [90], 90, 1, { wait: 240 }],
    ['one, when the window is over', wanted('GROWING'), [-1_200, -1_150], -1_200, 3, { write: 0 }],
  ] as const)('is %s', (_, writes, times, lastGrowing, growing, expected) => {
    expect(nextWrite(writes, { times, lastGrowing }, growing, RULE, 100)).toEqual(expected);
  });
});

describe('a place where messages grow', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** Everything that is written, in order. */
  function place(rule: WriteRule) {
    const budget = new WriteBudget(rule);
    const written: { at: number; message: number; text: string }[] = [];
    const message = (number: number, editMs = 50) =>
      new GrowingMessage<string>({
        post: async () => String(number),
        edit: async (_, text) => {
          written.push({ at: performance.now(), message: number, text });
          await new Promise((resolve) => setTimeout(resolve, editMs));
        },
        onError: (error) => {
          throw error;
        },
        lane: budget.lane('here'),
      });
    return { written, message };
  }

  /** The most writes in any stretch of the rule's window. */
  const densest = (written: { at: number }[], { windowMs }: WriteRule) =>
    Math.max(...written.map(({ at }) => written.filter((one) => one.at >= at && one.at < at + windowMs).length));

  it('keeps to its limit, and shows finished ones before everything that grows', async () => {
    const rule = { writes: 5, windowMs: 5_000 };
    const { written, message } = place(rule);
    const messages = Array.from({ length: 6 }, (_, i) => message(i));
    for (let tick = 0; tick < 300; tick++) {
      for (const one of messages) one.show(`growing ${tick}`);
      await vi.advanceTimersByTimeAsync(100);
    }
    const growing = written.length;
    // Every message grew, none of them more than its share.
    expect(new Set(written.map((one) => one.message)).size).toBe(6);
    const ends = messages.map((one, i) => one.finish(`final ${i}`));
    for (const late of [message(6), message(7)]) late.show('one more');
    await vi.advanceTimersByTimeAsync(12_000);
    await Promise.all(ends);
    expect(written.slice(growing, growing + 6).map(({ text }) => text)).toEqual(messages.map((_, i) => `final ${i}`));
    expect(densest(written, rule)).toBeLessThanOrEqual(5);
  });

  it('writes the newest state alone, however many there were', async () => {
    const { written, message } = place({ writes: 5, windowMs: 5_000 });
    const one = message(0);
    one.show('first');
    await vi.advanceTimersByTimeAsync(10);
    for (let i = 0; i < 50; i++) one.show(`state ${i}`);
    await vi.advanceTimersByTimeAsync(100);
    expect(written.map(({ text }) => text)).toEqual(['state 0']);
    for (let i = 50; i < 100; i++) one.show(`state ${i}`);
    const end = one.finish('the end');
    await vi.advanceTimersByTimeAsync(3_000);
    await end;
    expect(written.map(({ text }) => text)).toEqual(['state 0', 'the end']);
    one.show('too late');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(written).toHaveLength(2);
  });

  it('lets a message alone grow with all but its last write', async () => {
    const rule = { writes: 50, windowMs: 60_000 };
    const { written, message } = place(rule);
    const one = message(0);
    for (let tick = 0; tick < 600; tick++) {
      one.show(`growing ${tick}`);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(written.length).toBeGreaterThan(45);
    expect(densest(written, rule)).toBeLessThanOrEqual(49);
    one.end();
  });
});
