/**
 * Long prompts beside others: whoever writes, asks or leaves while one is read does not wait for its end. A real tiny model computes;
 * what was done in which order is noted, and the time that it takes is counted rather than measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BEHIND_AFTER, OLDEST_EVERY } from '../../src/runtime/reading-turns.js';
import { CHUNK, type ServingModel } from '../../src/runtime/serving-model.js';
import type { DecodeRequest, DecodeRow } from '../../src/runtime/types.js';
import { greedy, Recorder, request } from './recorder.js';
import { TinyModel } from './tiny-model.js';

let folder: string;
let tiny: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-long-'));
  tiny = await TinyModel.open(folder, 12 * CHUNK);
});

afterAll(async () => {
  await tiny?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a pass over a prompt costs; a step costs 1. */
const PASS = 3;

/** A loop that notes every pass by its prompt's name and every step by a dot. */
class Noted extends Recorder {
  private constructor(
    slots: number,
    model: ServingModel,
    private readonly work: { done: string; now: number },
  ) {
    super(slots, model, () => work.now);
  }

  static withSlots(slots: number, pass = PASS): Noted {
    const work = { done: '', now: 0 };
    const model: ServingModel = Object.create(tiny.model);
    model.readFurther = (ids, ...more) => {
      work.done += names.get(ids);
      work.now += pass;
      return tiny.model.readFurther(ids, ...more);
    };
    model.step = (...args) => {
      work.done += '.';
      work.now++;
      return tiny.model.step(...args);
    };
    return new Noted(slots, model, work);
  }

  get done(): string {
    return this.work.done;
  }

  get passes(): string {
    return this.done.replaceAll('.', '');
  }

  /** Steps until so many passes have been made. */
  async untilPasses(count: number): Promise<void> {
    while (this.passes.length < count) await this.loop.step();
  }
}

const names = new Map<readonly number[], string>();

/** A prompt of so many passes, that many less a half. */
function prompt(name: string, passes: number): number[] {
  const ids = tiny.text(name, passes * CHUNK - CHUNK / 2);
  names.set(ids, name[0]);
  return ids;
}

const asking = (name: string, passes: number, rows: DecodeRow[] = [greedy()], maxTokens = 2): DecodeRequest =>
  request(prompt(name, passes), rows, { maxTokens });

/** What the loop decodes for it when there is nothing else. */
async function alone(asked: DecodeRequest): Promise<number[][]> {
  const recorder = new Recorder(4, tiny.model);
  recorder.loop.submit(1, asked);
  await recorder.finish();
  return recorder.tokens(1);
}

const drawn = (seed: number, latent: Float32Array | null = null): DecodeRow => ({
  ...greedy(latent),
  seed,
  temperature: 1,
  topP: 0.95,
});

describe('while a long prompt is read', () => {
  it('others write half of the time', async () => {
    const noted = Noted.withSlots(4);
    noted.loop.submit(1, asking('writes', 1, [greedy()], 40));
    await noted.steps(2);
    noted.loop.submit(2, asking('Long', 3));
    await noted.untilPasses(4);
    expect(noted.done).toBe('w..L...L...L.');
  });

  it('others begin and end, those with the fewest passes left first', async () => {
    const noted = Noted.withSlots(4);
    noted.loop.submit(1, asking('Long', 6));
    noted.loop.submit(2, asking('Other', 6));
    await noted.untilPasses(1);
    noted.loop.submit(3, asking('medium', 2));
    noted.loop.submit(4, asking('short', 1));
    await noted.finish();
    expect([...noted.results.keys()]).toEqual([4, 3, 1, 2]);
    expect(noted.passes).toBe('LsmmLLLLLOOOOOO');
  });

  it('what it and those between write is what they write alone', async () => {
    const noted = Noted.withSlots(8);
    const asked = [
      asking('Long', 7, [drawn(1), drawn(2, tiny.latent('long'))], 12),
      asking('medium', 3, [drawn(3, tiny.latent('medium')), greedy()], 20),
      asking('short', 1, [drawn(4)], 30),
      asking('other', 4, [drawn(5, tiny.latent('other'))], 12),
    ];
    for (const [id, one] of asked.entries()) {
      noted.loop.submit(id, one);
      await noted.untilPasses(2 * id + 1);
    }
    await noted.finish();
    expect(noted.passes).toMatch(/L.*m.*L.*o.*L/);
    for (const [id, one] of asked.entries()) expect(noted.tokens(id), `request ${id}`).toEqual(await alone(one));
  });

  it('it is not overtaken for good', async () => {
    const noted = Noted.withSlots(3);
    noted.loop.submit(0, asking('Long', 4));
    for (let id = 1; !noted.results.has(0) && id < 100; id++) {
      noted.loop.submit(id, asking(`short ${id}`, 1, [greedy()], 1));
      await noted.steps(1);
    }
    const overtaken = 's'.repeat(OLDEST_EVERY - 1);
    // Its last pass is one as theirs are, and it came first.
    expect(noted.passes).toMatch(new RegExp(`^(${overtaken}L){3}L`));
  });

  it('slots are left to those that it is read for', async () => {
    const noted = Noted.withSlots(2);
    noted.loop.submit(1, asking('Long', 3, [greedy(), greedy()]));
    await noted.untilPasses(1);
    noted.loop.submit(2, asking('short', 1));
    expect([noted.loop.busySlots, noted.loop.queued]).toEqual([2, 1]);
    await noted.untilPasses(2);
    expect([noted.loop.busySlots, noted.loop.queued]).toEqual([2, 1]);
    await noted.finish();
    expect(noted.passes).toBe('LLLs');
    expect(noted.failures.size).toBe(0);
    expect([noted.tokens(1), noted.tokens(2)].map((rows) => rows.length)).toEqual([2, 1]);
  });

  it('whoever asks the same waits for the same passes', async () => {
    const noted = Noted.withSlots(4);
    const asked = asking('Long', 3);
    noted.loop.submit(1, asked);
    await noted.untilPasses(1);
    noted.loop.submit(2, asked);
    await noted.finish();
    expect(noted.passes).toBe('LLL');
    expect(noted.tokens(2)).toEqual(noted.tokens(1));
  });

  it('whoever asks again what has been read does not wait for it', async () => {
    const noted = Noted.withSlots(4);
    const read = asking('read', 3);
    noted.loop.submit(1, read);
    await noted.finish();
    noted.loop.submit(2, asking('Long', 2));
    noted.loop.submit(3, read);
    await noted.finish();
    expect([...noted.results.keys()]).toEqual([1, 3, 2]);
    expect(noted.passes).toBe('rrrLL');
  });

  it('it is read no further when nobody waits for it', async () => {
    const noted = Noted.withSlots(4);
    noted.loop.submit(1, asking('Long', 3, [greedy(), greedy()]));
    await noted.untilPasses(1);
    noted.loop.cancel(1);
    expect(noted.loop.idle).toBe(true);
    expect(noted.loop.busySlots).toBe(0);
    expect(noted.results.get(1)).toEqual([
      { tokens: [], finishReason: 'CANCELLED' },
      { tokens: [], finishReason: 'CANCELLED' },
    ]);
    expect(noted.passes).toBe('L');
  });
});

it('prompts that take long although they are short are read one a step, and not for whoever has left meanwhile', async () => {
  const noted = Noted.withSlots(4, 60);
  for (const id of [1, 2, 3]) noted.loop.submit(id, asking(`${id}`, 1, [greedy()], 8));
  await noted.steps(1);
  expect([noted.done, noted.loop.busySlots, noted.loop.queued]).toEqual(['1.', 1, 2]);
  noted.loop.cancel(2);
  await noted.finish();
  expect(noted.passes).toBe('13');
  expect([1, 2, 3].map((id) => noted.tokens(id)[0].length)).toEqual([8, 0, 8]);
});

describe('what is read for its features', () => {
  const reading = (name: string, passes: number) => ({
    promptIds: prompt(name, passes),
    lastUserTurn: [1, CHUNK] as [number, number],
    replies: [],
  });

  it('lets all prompts go first, of every length', async () => {
    const noted = Noted.withSlots(4);
    const features = reading('features', 3);
    const read = noted.loop.read(features);
    await noted.untilPasses(1);
    noted.loop.submit(1, asking('medium', 2));
    noted.loop.submit(2, asking('Long', 5));
    await noted.finish();
    expect(noted.passes).toBe('fmmLLLLLff');
    const { promptIds, lastUserTurn } = features;
    expect((await read).prompt).toEqual((await tiny.model.readPrompt(promptIds, lastUserTurn)).features);
  });

  it('lets replies be written half of the time', async () => {
    const noted = Noted.withSlots(4);
    noted.loop.submit(1, asking('writes', 1, [greedy()], 40));
    await noted.steps(2);
    const reads = ['features', 'another'].map((name) => noted.loop.read(reading(name, 2)));
    await noted.untilPasses(5);
    expect(noted.done).toBe('w..f...f...a...a.');
    await noted.finish();
    expect(await Promise.all(reads)).toHaveLength(2);
  });

  it('is read for all that, where prompts never end', async () => {
    const noted = Noted.withSlots(2);
    let read = false;
    void noted.loop.read(reading('features', 2)).then(() => {
      read = true;
    });
    for (let id = 1; !read && id < 100; id++) {
      noted.loop.submit(id, asking(`short ${id}`, 1, [greedy()], 1));
      await noted.steps(1);
    }
    const between = 's'.repeat(BEHIND_AFTER);
    expect(noted.passes).toBe(`${between}f${between}f`);
  });

  it('is not kept where the prompts are dropped after it', async () => {
    const noted = Noted.withSlots(2);
    const features = reading('features', 2);
    const read = noted.loop.read(features);
    const dropped = noted.loop.dropPrompts();
    await noted.finish();
    await Promise.all([read, dropped]);
    await noted.read(features);
    await noted.read(features);
    expect(noted.passes).toBe('ffff');
  });
});
