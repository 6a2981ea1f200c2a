/**
 * What goes wrong in one row of a running batch ends that row's request alone, with a typed error, and leaves nothing behind: on
 * a tiny float32 model whose own sessions compute everything, some of what they compute being spoiled on its way out.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdapterWeights } from '../../src/runtime/messages.js';
import { compileAdapter } from '../../src/runtime/model-files.js';
import { ModelFault, ServingModel } from '../../src/runtime/serving-model.js';
import { type Feed, type GraphRunner, Session } from '../../src/runtime/session.js';
import type { DecodeRequest, DecodeRow } from '../../src/runtime/types.js';
import { greedy, Recorder, request } from './recorder.js';
import { LATENT_SIZE, TinyModel } from './tiny-model.js';

let folder: string;
let tiny: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-faults-'));
  tiny = await TinyModel.open(folder);
});

afterAll(async () => {
  await tiny?.close();
  await rm(folder, { recursive: true, force: true });
});

type Outputs = Record<string, Float32Array>;

/** The tiny model with what its decoding (or reading) session computes handed to `spoil` first. */
function spoiled(graph: 'decode' | 'read', spoil: (feeds: Record<string, Feed>, out: Outputs) => void): ServingModel {
  const session = tiny.sessions[graph];
  const run: GraphRunner['run'] = async (feeds) => {
    const out = await session.run(feeds);
    spoil(feeds, out);
    return out;
  };
  return new ServingModel(tiny.file.config, { ...tiny.sessions, [graph]: { run } });
}

/** Which row of a step reads at this position; the position tells the rows of these tests apart. */
const rowAt = (feeds: Record<string, Feed>, position: number) =>
  [...(feeds.positions.data as BigInt64Array)].indexOf(BigInt(position));

const drawn = (seed: number, latent: Float32Array | null = null): DecodeRow => ({
  ...greedy(latent),
  seed,
  temperature: 1,
  topP: 0.95,
});

async function alone(asked: DecodeRequest): Promise<number[][]> {
  const recorder = new Recorder(asked.rows.length, tiny.model);
  recorder.loop.submit(1, asked);
  await recorder.finish();
  return recorder.tokens(1);
}

/** Every number that the loop's slots hold. */
function heldNumbers(recorder: Recorder): Float32Array[] {
  const { cache } = recorder.loop as unknown as { cache: { keys: Float32Array[]; values: Float32Array[] } };
  return [...cache.keys, ...cache.values];
}

const BAD = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

describe('a row whose numbers are not finite', () => {
  it('ends alone, wherever in its step they are; the others go on as if alone, and its slot is clean', async () => {
    const spot = fc.record({
      bad: fc.constantFrom(...BAD),
      output: fc.constantFrom('logits', 'new_key_0', 'new_value_1', 'new_key_3', 'new_value_3'),
      at: fc.nat(),
      victim: fc.nat({ max: 2 }),
      step: fc.nat({ max: 6 }),
    });
    const lengths = [20, 50, 80];
    const asked = lengths.map((length, i) =>
      request(tiny.text(`victim ${i}`, length), [drawn(i, i === 1 ? tiny.latent('v') : null)]),
    );
    const late = request(tiny.text('late', 30), [drawn(9, tiny.latent('late'))], { maxTokens: 20 });
    const wanted = await Promise.all(asked.map(alone));
    const wantedLate = await alone(late);
    await fc.assert(
      fc.asyncProperty(spot, async ({ bad, output, at, victim, step }) => {
        const position = lengths[victim] - 1 + (victim === 1 ? 4 : 0) + step;
        const model = spoiled('decode', (feeds, out) => {
          const row = rowAt(feeds, position);
          if (row < 0) return;
          const size = out[output].length / feeds.ids.dims[0];
          out[output][row * size + (at % size)] = bad;
        });
        const recorder = new Recorder(3, model);
        for (const [id, one] of asked.entries()) recorder.loop.submit(id, one);
        recorder.loop.submit(9, late);
        await recorder.finish();
        expect([...recorder.failures.keys()]).toEqual([victim]);
        const fault = recorder.failures.get(victim);
        expect(fault).toBeInstanceOf(ModelFault);
        expect(fault).toMatchObject({ code: 'MODEL_UNAVAILABLE', personal: victim === 1 });
        for (const id of [0, 1, 2]) if (id !== victim) expect(recorder.tokens(id)).toEqual(wanted[id]);
        expect(recorder.tokens(9)).toEqual(wantedLate);
        expect(heldNumbers(recorder).every((array) => array.every((value) => value === 0))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('ends before it begins where they are in its prefix: an adapter that some latents overflow', async () => {
    const weights: AdapterWeights = {
      ...tiny.adapter,
      digest: 'overflow'.padEnd(16, '-'),
      w1: tiny.adapter.w1.slice(),
    };
    // The first number of a latent is multiplied beyond what float32 holds.
    for (let layer = 0; layer < tiny.file.config.layers; layer++) {
      const first = layer * LATENT_SIZE * weights.middle;
      weights.w1.fill(3e38, first, first + weights.middle);
    }
    const session = await Session.open(await compileAdapter(tiny.file, folder, weights), 1);
    const model = new ServingModel(tiny.file.config, {
      ...tiny.sessions,
      adapter: { session, latentSize: LATENT_SIZE },
    });
    const recorder = new Recorder(3, model);
    const healthy = request(tiny.text('healthy', 6), [greedy(), greedy(Float32Array.of(0, 1, -1, 2))]);
    recorder.loop.submit(1, healthy);
    await recorder.steps(2);
    recorder.loop.submit(2, request(tiny.text('healthy', 6), [greedy(Float32Array.of(9, 1, -1, 2))]));
    await recorder.finish();
    expect(recorder.failures.get(2)).toMatchObject({ code: 'MODEL_UNAVAILABLE', personal: true });
    expect(recorder.tokens(1)[0]).toEqual(tiny.greedy({ ...healthy, latent: null }));
    expect(recorder.tokens(1)[1].length).toBe(8);
    await session.close();
  });

  it.each(['features', 'new_key_0', 'new_value_2'])('are not kept of a prompt: %s', async (output) => {
    for (const bad of BAD) {
      let broken = true;
      const model = spoiled('read', (_, out) => {
        if (broken) out[output][3] = bad;
      });
      const recorder = new Recorder(2, model);
      const asked = request(tiny.text('kept', 12), [greedy(), greedy(tiny.latent('k'))]);
      recorder.loop.submit(1, asked);
      await recorder.finish();
      expect(recorder.failures.get(1)).toMatchObject({ code: 'MODEL_UNAVAILABLE', personal: false });
      const { promptIds, lastUserTurn } = asked;
      await expect(recorder.read({ promptIds, lastUserTurn, replies: [[1]] })).rejects.toBeInstanceOf(ModelFault);
      broken = false;
      recorder.loop.submit(2, asked);
      await recorder.finish();
      expect(recorder.tokens(2)).toEqual(asked.rows.map(({ latent }) => tiny.greedy({ ...asked, latent })));
    }
  });
});

describe('a row that throws', () => {
  it('ends alone, whichever it is and whenever; the others go on as if alone', async () => {
    const lengths = [20, 50, 80, 110];
    const asked = lengths.map((length, i) => request(tiny.text(`throws ${i}`, length), [drawn(i)]));
    const wanted = await Promise.all(asked.map(alone));
    const spot = fc.record({ victims: fc.subarray([0, 1, 2, 3], { minLength: 1 }), step: fc.nat({ max: 7 }) });
    await fc.assert(
      fc.asyncProperty(spot, async ({ victims, step }) => {
        const model = spoiled('decode', (feeds) => {
          if (victims.some((victim) => rowAt(feeds, lengths[victim] - 1 + step) >= 0)) throw new Error('out of memory');
        });
        const recorder = new Recorder(4, model);
        for (const [id, one] of asked.entries()) recorder.loop.submit(id, one);
        await recorder.finish();
        expect([...recorder.failures.keys()].sort()).toEqual(victims);
        for (const victim of victims) expect(recorder.failures.get(victim)).toBeInstanceOf(ModelFault);
        for (const id of [0, 1, 2, 3]) if (!victims.includes(id)) expect(recorder.tokens(id)).toEqual(wanted[id]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('floats of every class in every number of a row', () => {
  const SMALL = [5e-324, -5e-324, 1e-310, 2.2e-308, 1e-45, 1e-38, Number.EPSILON];
  const LARGE = [3.4e38, -3.4e38, 1e300, -1e300, Number.MAX_VALUE, 2 ** 31, 2 ** 53];
  const float = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...BAD) },
    { weight: 3, arbitrary: fc.constantFrom(0, -0, 1, 0.5, ...SMALL, ...LARGE) },
    fc.double(),
  );

  it('are refused by name, or decode tokens of the model and leave the others alone', async () => {
    const healthy = request(tiny.text('beside', 9), [drawn(3), drawn(4, tiny.latent('b'))], { maxTokens: 6 });
    const wanted = await alone(healthy);
    const promptIds = tiny.text('floats', 5);
    const tally = { refused: 0, failed: 0, decoded: 0 };
    const latent = fc
      .oneof(fc.array(float, { minLength: LATENT_SIZE, maxLength: LATENT_SIZE }), fc.array(float, { maxLength: 6 }))
      .map((numbers) => Float32Array.from(numbers));
    const values = {
      temperature: float,
      topP: float,
      minP: float,
      dryMultiplier: float,
      seed: float,
      latent,
      maxTokens: float,
      written: fc.array(fc.oneof(float, fc.nat(300)), { maxLength: 4 }),
    };
    // One or two of them at a time: more would hide each other's refusals.
    const fields = fc
      .tuple(
        fc.record(values),
        fc.subarray(Object.keys(values) as (keyof typeof values)[], { minLength: 1, maxLength: 2 }),
      )
      .map(([all, names]): Partial<typeof all> => Object.fromEntries(names.map((name) => [name, all[name]])));
    await fc.assert(
      fc.asyncProperty(fields, async ({ maxTokens = 3, ...row }) => {
        const recorder = new Recorder(3, tiny.model);
        recorder.loop.submit(1, healthy);
        await recorder.steps(1);
        try {
          recorder.loop.submit(2, request(promptIds, [{ ...drawn(1), ...row }], { maxTokens }));
        } catch (error) {
          expect(['BAD_USER_INPUT', 'TOO_LONG']).toContain((error as { code?: string }).code);
          tally.refused++;
        }
        await recorder.finish();
        for (const error of recorder.failures.values()) {
          expect(error).toMatchObject({ code: 'MODEL_UNAVAILABLE', personal: true });
          tally.failed++;
        }
        for (const tokens of recorder.tokens(2)) {
          tally.decoded++;
          expect(tokens.length).toBe(maxTokens);
          for (const token of tokens) expect(token >= 0 && token < tiny.file.config.vocabulary).toBe(true);
        }
        expect(recorder.tokens(1)).toEqual(wanted);
        expect(recorder.failures.has(1)).toBe(false);
      }),
      { numRuns: 400 },
    );
    expect(tally.refused).toBeGreaterThan(50);
    expect(tally.decoded).toBeGreaterThan(30);
  });
});
