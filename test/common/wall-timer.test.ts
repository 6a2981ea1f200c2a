import { describe, expect, it } from 'vitest';
import { atMoment } from '../../src/common/wall-timer.js';

/** Resolves with what the clock showed when it acted. */
const acted = (moment: number, now: () => number, lookMs?: number) =>
  new Promise<number>((resolve) => {
    atMoment(new Date(moment), () => resolve(now()), { now, lookMs });
    // The timer itself keeps nothing alive, and neither does a promise.
    const alive = setInterval(() => {}, 1_000);
    setTimeout(() => clearInterval(alive), 30_000).unref();
  });

describe('atMoment', () => {
  it('acts when the clock shows the moment, and not before', async () => {
    const moment = Date.now() + 30;
    expect(await acted(moment, Date.now)).toBeGreaterThanOrEqual(moment);
  });

  it('looks again where a timer fires early', async () => {
    // A clock that has not quite come to the moment when the timer fires, again and again.
    const shown = [0, 9, 9.5, 9.9, 10];
    let looks = 0;
    const now = () => shown[Math.min(looks++, shown.length - 1)];
    expect(await acted(10, now)).toBe(10);
    expect(looks).toBeGreaterThanOrEqual(shown.length);
  });

  it('acts soon after the clock is set past the moment', async () => {
    let offset = 0;
    const now = () => Date.now() + offset;
    const moment = now() + 3_600_000;
    const done = acted(moment, now, 20);
    offset = 7_200_000;
    expect(await done).toBeGreaterThanOrEqual(moment);
  });

  it('waits longer when the clock is set back', async () => {
    let offset = 0;
    const now = () => Date.now() + offset;
    const moment = now() + 20;
    const done = acted(moment, now, 20);
    offset = -200;
    expect(await done).toBeGreaterThanOrEqual(moment);
  });

  it('does not take a moment in many years for now', async () => {
    let early = false;
    const forget = atMoment(new Date(Date.now() + 2 ** 40), () => {
      early = true;
    });
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    forget();
    expect(early).toBe(false);
  });

  it('forgets', async () => {
    let wrongly = false;
    atMoment(new Date(Date.now() + 10), () => {
      wrongly = true;
    })();
    await acted(Date.now() + 40, Date.now);
    expect(wrongly).toBe(false);
  });
});
