/** The queue of generations: what begins, what waits and is told where it stands, what is refused and until when. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../src/common/config.js';
import { PalateError } from '../../src/common/errors.js';
import { GenerationQueue, type Place } from '../../src/services/generations/generation-queue.js';
import { ScriptedRuntime } from './scripted-runtime.js';

let now = 0;
let runtime: ScriptedRuntime;
beforeEach(() => {
  now = 0;
  runtime = new ScriptedRuntime('ab'.repeat(32), 24);
});

const queueOf = (limits: Partial<Limits> = {}) =>
  new GenerationQueue({ runtime, limits: { ...DEFAULT_LIMITS, ...limits }, clock: () => now });

interface Asked {
  place: Place;
  state: 'waits' | 'begun' | PalateError;
  told: string[];
  cancel(): void;
}

/** A generation of two replies where nothing else is said; the runtime has four slots. */
function ask(queue: GenerationQueue, member: string, rows = 2, owner: string | null = 'key'): Asked {
  const stop = new AbortController();
  const place = queue.enter({ member, owner: owner ?? undefined, rows });
  const asked: Asked = { place, state: 'waits', told: [], cancel: () => stop.abort() };
  place
    .turn(stop.signal, ({ ahead, estimatedWaitMs }) => asked.told.push(`${ahead} ${estimatedWaitMs}`))
    .then(
      () => {
        asked.state = 'begun';
      },
      (error) => {
        asked.state = error;
      },
    );
  return asked;
}

const refusal = (enter: () => unknown): PalateError => {
  try {
    enter();
  } catch (error) {
    return error as PalateError;
  }
  throw new Error('It was not refused.');
};

const settled = () => new Promise((resolve) => setImmediate(resolve));
const states = async (...asked: Asked[]) => {
  await settled();
  return asked.map(({ state }) => (state instanceof PalateError ? state.code : state));
};

describe('a generation', () => {
  it('begins at once where there are slots, and is told nothing', async () => {
    const queue = queueOf();
    const both = [ask(queue, 'a'), ask(queue, 'b')];
    expect(await states(...both)).toEqual(['begun', 'begun']);
    expect(both.map(({ told }) => told)).toEqual([[], []]);
    expect(queue.waitingRows).toBe(0);
  });

  it('waits in a fair order and is told when its place changes', async () => {
    const queue = queueOf();
    const first = [ask(queue, 'a'), ask(queue, 'a')];
    const more = [ask(queue, 'a'), ask(queue, 'a')];
    const other = ask(queue, 'b');
    expect(await states(...first, ...more, other)).toEqual(['begun', 'begun', 'waits', 'waits', 'waits']);
    expect(queue.waitingRows).toBe(6);
    expect(more[0].told).toEqual(['0 10000', '1 10000']);
    expect(more[1].told).toEqual(['1 10000', '2 20000']);
    expect(other.told).toEqual(['0 10000']);
    now = 3_000;
    first[0].place.leave(true);
    expect(await states(...more, other)).toEqual(['waits', 'waits', 'begun']);
    // The one that ended took 3 s, and so has the other that is being written.
    expect(more[0].told.at(-1)).toBe('0 750');
    expect(more[1].told.at(-1)).toBe('1 3000');
  });

  it('comes in turn with other members’ where each fills the slots, at the place that was told', async () => {
    const queue = queueOf();
    const waiting = new Map<string, Asked>();
    const come = (name: string) => waiting.set(name, ask(queue, name[0], 4));
    const placeOf = ({ told }: Asked) => Number(told.at(-1)?.split(' ')[0]);
    const foretold = () => [...waiting].sort(([, a], [, b]) => placeOf(a) - placeOf(b)).map(([name]) => name);
    for (const name of ['a0', 'a1', 'a2', 'a3', 'b0']) come(name);
    const begun: string[] = [];
    for (let left = 6; left > 0; left--) {
      await settled();
      const [name, asked] = [...waiting].find(([, { state }]) => state === 'begun') as [string, Asked];
      waiting.delete(name);
      begun.push(name);
      // Comes while b0 is written: behind a1, which has waited since before.
      if (name === 'b0') come('c0');
      expect([...begun, ...foretold()]).toEqual(
        name === 'a0' ? ['a0', 'b0', 'a1', 'a2', 'a3'] : ['a0', 'b0', 'a1', 'c0', 'a2', 'a3'],
      );
      now += 1_000;
      asked.place.leave(true);
    }
  });

  it('that is cancelled while it waits makes room for those behind it', async () => {
    const queue = queueOf();
    const large = ask(queue, 'a', 4);
    const waiting = [ask(queue, 'b', 4), ask(queue, 'c', 4)];
    waiting[0].cancel();
    expect(await states(large, ...waiting)).toEqual(['begun', 'begun', 'waits']);
    expect(waiting[1].told.map((text) => text.split(' ')[0])).toEqual(['1', '0']);
    waiting[0].place.leave();
    expect(queue.waitingRows).toBe(4);
    large.place.leave();
    expect(await states(waiting[1])).toEqual(['begun']);
  });

  it('of more replies than there are slots has its turn, and keeps nobody out afterwards', async () => {
    const queue = queueOf();
    const small = [ask(queue, 'a'), ask(queue, 'b')];
    const large = ask(queue, 'c', 8);
    const late = ask(queue, 'd', 1);
    small[0].place.leave();
    expect(await states(large, late)).toEqual(['waits', 'waits']);
    small[1].place.leave();
    expect(await states(large, late)).toEqual(['begun', 'waits']);
    large.place.leave();
    expect(await states(late)).toEqual(['begun']);
  });

  it('of a member who has as many under way as may be waits though slots are free', async () => {
    const queue = queueOf({ runningPerMember: 1 });
    const own = [ask(queue, 'a', 1), ask(queue, 'a', 1)];
    const other = ask(queue, 'b', 1);
    const operator = ask(queue, 'a', 1, null);
    expect(await states(...own, other, operator)).toEqual(['begun', 'waits', 'begun', 'begun']);
    own[0].place.leave();
    operator.place.leave();
    expect(await states(own[1])).toEqual(['begun']);
  });

  it('fails where the model goes away while it waits, and begins no other then', async () => {
    const queue = queueOf();
    const running = ask(queue, 'a', 4);
    const waiting = [ask(queue, 'b'), ask(queue, 'c')];
    runtime.change({ ready: false });
    expect(await states(running, ...waiting)).toEqual(['begun', 'MODEL_UNAVAILABLE', 'MODEL_UNAVAILABLE']);
    expect(refusal(() => ask(queue, 'd'))).toMatchObject({ code: 'MODEL_UNAVAILABLE', retryAfterMs: undefined });
    now = 1_000;
    runtime.change({ readyAt: 3_500 });
    expect(refusal(() => ask(queue, 'd'))).toMatchObject({ code: 'MODEL_UNAVAILABLE', retryAfterMs: 2_500 });
    running.place.leave();
    runtime.change({ ready: true });
    expect(await states(ask(queue, 'd'))).toEqual(['begun']);
  });
});

describe('what is refused', () => {
  it('is more than may wait, until the first that waits begins', () => {
    const queue = queueOf({ queuedGenerations: 2 });
    for (const member of 'abcd') ask(queue, member);
    now = 4_000;
    expect(refusal(() => ask(queue, 'e'))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      retryAfterMs: 6_000,
      message: '2 generations wait already; at most 2 may. Try again in about 6 s.',
    });
    // The operator waits as well.
    expect(refusal(() => ask(queue, 'e', 2, null)).code).toBe('LIMIT_EXCEEDED');
  });

  it('is more than a member may have, until the first of them ends, and nobody else', () => {
    const queue = queueOf({ runningPerMember: 1, waitingPerMember: 2 });
    ask(queue, 'x', 4);
    for (let i = 0; i < 3; i++) ask(queue, 'a');
    now = 1_000;
    expect(refusal(() => ask(queue, 'a'))).toMatchObject({ code: 'LIMIT_EXCEEDED', retryAfterMs: 19_000 });
    ask(queue, 'b');
    ask(queue, 'a', 2, null);
  });

  it('is more than a key may have under way, and the next one is free at the time that is told', async () => {
    const queue = queueOf({ runningPerBot: 2 });
    const first = ask(queue, 'a');
    ask(queue, 'b');
    const { retryAfterMs } = refusal(() => ask(queue, 'c'));
    expect(retryAfterMs).toBe(10_000);
    ask(queue, 'c', 2, 'another key');
    now = retryAfterMs as number;
    first.place.leave(true);
    expect(await states(ask(queue, 'c'))).toEqual(['waits']);
  });

  it('is told to come again a few times at most, however much longer than usual the others take', () => {
    const queue = queueOf({ runningPerMember: 1, waitingPerMember: 0 });
    ask(queue, 'a');
    const ends = 30 * 10_000;
    let refused = 0;
    for (; now < ends; refused++) now += refusal(() => ask(queue, 'a')).retryAfterMs as number;
    expect(refused).toBeLessThan(20);
    // Nor long after there is room.
    expect(now).toBeLessThan(ends * 1.25);
  });

  it('holds no place of those that were refused or gave up while they were planned', () => {
    const queue = queueOf({ queuedGenerations: 1 });
    ask(queue, 'a', 4);
    queue.enter({ member: 'b', owner: 'key', rows: 1 }).leave();
    ask(queue, 'b');
    for (let i = 0; i < 3; i++) refusal(() => ask(queue, 'c'));
    expect(queue.waitingRows).toBe(2);
  });
});
