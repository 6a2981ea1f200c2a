/** The running batch on a tiny float32 model: every row decodes what the plain decoder decodes for it alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowOf } from '../../src/runtime/kv-cache.js';
import { ServingModel } from '../../src/runtime/serving-model.js';
import { type Feed, type GraphRunner, Session } from '../../src/runtime/session.js';
import type { DecodeRequest, DecodeRow } from '../../src/runtime/types.js';
import { argmax } from '../support/decoder-session.js';
import { greedy, Recorder, request } from './recorder.js';
import { TinyModel } from './tiny-model.js';

let folder: string;
let tiny: TinyModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-loop-'));
  tiny = await TinyModel.open(folder);
});

afterAll(async () => {
  await tiny?.close();
  await rm(folder, { recursive: true, force: true });
});

const recorderOf = (slots: number, model = tiny.model) => new Recorder(slots, model);

/** What each row of a greedy request has to decode. */
function expected({ promptIds, rows, maxTokens, stopTokens }: DecodeRequest): number[][] {
  return rows.map(({ latent }) => tiny.greedy({ promptIds, latent, maxTokens, stopTokens }));
}

describe('rows of one request', () => {
  it('decode what the model decodes without and behind their own prefixes', async () => {
    const recorder = recorderOf(4);
    const asked = request(tiny.text('one', 10), [greedy(), greedy(tiny.latent('p')), greedy(tiny.latent('q'))]);
    recorder.loop.submit(1, asked);
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(asked));
    expect(new Set(recorder.tokens(1).map(String)).size).toBe(3);
    expect(recorder.results.get(1)?.map((row) => row.finishReason)).toEqual(['LENGTH', 'LENGTH', 'LENGTH']);
  });

  it('decode behind a prefix that was made elsewhere as behind the latent it was made from', async () => {
    const recorder = recorderOf(3);
    const promptIds = tiny.text('made elsewhere', 9);
    const latents = [tiny.latent('p'), tiny.latent('q')];
    const prefixes = await tiny.model.prefixes(latents, promptIds.length - 1);
    const rows = latents.map((_, row) => ({ ...greedy(), prefix: rowOf(prefixes, row, tiny.file.config) }));
    recorder.loop.submit(1, request(promptIds, [...rows, greedy()]));
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(request(promptIds, [...latents.map(greedy), greedy()])));
  });

  it('wait for a slot in their order', async () => {
    const recorder = recorderOf(2);
    const latents = ['a', 'b', 'c', 'd', 'e'].map((seed) => tiny.latent(seed));
    const asked = request(tiny.text('five', 6), latents.map(greedy), { maxTokens: 4 });
    recorder.loop.submit(1, asked);
    expect([recorder.loop.busySlots, recorder.loop.queued]).toEqual([0, 5]);
    await recorder.steps(1);
    expect([recorder.loop.busySlots, recorder.loop.queued]).toEqual([2, 3]);
    await recorder.steps(4);
    expect(latents.map((_, row) => recorder.streamed(1, row).length)).toEqual([4, 4, 1, 1, 0]);
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(asked));
  });

  it('end with the stop token, which is not streamed', async () => {
    const promptIds = tiny.text('stop', 7);
    const reply = tiny.greedy({ promptIds, latent: null, maxTokens: 8 });
    const end = reply.findIndex((token, i) => i > 1 && reply.indexOf(token) === i);
    expect(end).toBeGreaterThan(1);
    const recorder = recorderOf(1);
    recorder.loop.submit(1, request(promptIds, [greedy()], { stopTokens: [reply[end]] }));
    await recorder.finish();
    expect(recorder.results.get(1)).toEqual([{ tokens: reply.slice(0, end + 1), finishReason: 'STOP' }]);
    expect(recorder.streamed(1, 0)).toEqual(reply.slice(0, end));
  });

  it('go on behind a prompt that ends with a stop token', async () => {
    const promptIds = tiny.text('stop at once', 5);
    const asked = request(promptIds, [greedy()], { stopTokens: [promptIds[4]], maxTokens: 3 });
    const reply = tiny.greedy({ promptIds, latent: null, maxTokens: 3 });
    expect(reply).not.toContain(promptIds[4]);
    const recorder = recorderOf(1);
    recorder.loop.submit(1, asked);
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual([reply]);
  });

  it('decode behind a prompt of one token', async () => {
    const recorder = recorderOf(2);
    const asked = request([5], [greedy(), greedy(tiny.latent('p'))]);
    recorder.loop.submit(1, asked);
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(asked));
  });
});

describe('rows of many requests', () => {
  it('are what they are alone, while others of other lengths and latents come and go', async () => {
    const recorder = recorderOf(4);
    const requests = Array.from({ length: 9 }, (_, i) =>
      request(
        tiny.text(`prompt ${i}`, [5, 90, 3, 12, 140, 7, 30, 2, 61][i]),
        i % 3 === 0
          ? [greedy(), greedy(tiny.latent(`row ${i}`))]
          : [greedy(i % 3 === 1 ? tiny.latent(`row ${i}`) : null)],
        { maxTokens: [9, 3, 14, 5, 6, 20, 1, 8, 4][i] },
      ),
    );
    for (const [id, asked] of requests.entries()) {
      recorder.loop.submit(id, asked);
      await recorder.steps(2);
    }
    await recorder.finish();
    for (const [id, asked] of requests.entries()) expect(recorder.tokens(id), `request ${id}`).toEqual(expected(asked));
    expect(recorder.loop.busySlots).toBe(0);
  });

  it('stream exactly the tokens they end up with', async () => {
    const recorder = recorderOf(3);
    for (let id = 0; id < 3; id++) {
      recorder.loop.submit(id, request(tiny.text(`s${id}`, 4 + id), [greedy(), greedy(tiny.latent('s'))]));
      await recorder.steps(1);
    }
    await recorder.finish();
    for (let id = 0; id < 3; id++) {
      recorder.tokens(id).forEach((tokens, row) => {
        expect(recorder.streamed(id, row)).toEqual(tokens);
      });
    }
  });

  it('draw by their own seeds, whatever runs beside them', async () => {
    const drawn = (seed: number): DecodeRow => ({
      latent: tiny.latent('d'),
      seed,
      temperature: 1,
      topP: 0.95,
      minP: 0,
      dryMultiplier: 0,
    });
    const promptIds = tiny.text('drawn', 6);
    const alone = recorderOf(1);
    alone.loop.submit(1, request(promptIds, [drawn(1), drawn(2), drawn(1)]));
    await alone.finish();
    const [first, second, again] = alone.tokens(1);
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
    const together = recorderOf(8);
    together.loop.submit(0, request(tiny.text('other', 80), [drawn(7), greedy()]));
    await together.steps(3);
    together.loop.submit(1, request(promptIds, [drawn(2), drawn(1)]));
    await together.finish();
    expect(together.tokens(1)).toEqual([second, first]);
  });
});

describe('a reply that goes on', () => {
  const long = (latent: Float32Array | null, more: Partial<DecodeRow> = {}): DecodeRequest =>
    request(tiny.text('long', 9), [{ ...greedy(latent), ...more }], { maxTokens: 20 });

  it.each([
    ['without a latent', () => null],
    ['behind a latent', () => tiny.latent('on')],
  ])('writes what it would have written at once: %s', async (_, latentOf) => {
    const latent = latentOf();
    const whole = tiny.greedy({ promptIds: tiny.text('long', 9), latent, maxTokens: 20 });
    for (const given of [1, 2, 10, 19]) {
      const recorder = recorderOf(2);
      const asked = long(latent, { written: whole.slice(0, given) });
      recorder.loop.submit(1, { ...asked, maxTokens: 20 - given });
      await recorder.finish();
      expect(recorder.tokens(1), `behind ${given}`).toEqual([whole.slice(given)]);
      expect(recorder.streamed(1, 0)).toEqual(whole.slice(given));
    }
  });

  it('beside rows that begin and rows of others', async () => {
    const recorder = recorderOf(4);
    const [bare, personal] = [null, tiny.latent('beside')];
    const asked = long(bare);
    const whole = expected({ ...asked, rows: [greedy(bare), greedy(personal)] });
    const other = request(tiny.text('other', 70), [greedy(tiny.latent('o'))]);
    recorder.loop.submit(1, other);
    await recorder.steps(2);
    const rows = [
      { ...greedy(personal), written: whole[1].slice(0, 4) },
      greedy(bare),
      { ...greedy(bare), written: whole[0].slice(0, 12) },
    ];
    recorder.loop.submit(2, { ...asked, rows, maxTokens: 8 });
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(other));
    expect(recorder.tokens(2)).toEqual([whole[1].slice(4, 12), whole[0].slice(0, 8), whole[0].slice(12, 20)]);
  });

  it('reads more than one pass takes', async () => {
    const latent = tiny.latent('passes');
    const promptIds = tiny.text('passes', 3);
    const written = tiny.text('many', 300);
    const plain = tiny.plain(promptIds.slice(0, -1));
    plain.addPrefix(tiny.adapter, latent);
    let logits = plain.read(promptIds[2]).logits;
    for (const id of written) logits = plain.read(id).logits;
    const recorder = recorderOf(1);
    recorder.loop.submit(1, request(promptIds, [{ ...greedy(latent), written }], { maxTokens: 1 }));
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual([[argmax(logits)]]);
  });

  it('counts what was written as said: it is held back alike', async () => {
    const held = long(tiny.latent('held'), { dryMultiplier: 5 });
    const at = async (asked: DecodeRequest) => {
      const recorder = recorderOf(1);
      recorder.loop.submit(1, asked);
      await recorder.finish();
      return recorder.tokens(1)[0];
    };
    const whole = await at({ ...held, maxTokens: 60 });
    for (const given of [5, 30]) {
      const continued = await at({
        ...held,
        maxTokens: 60 - given,
        rows: [{ ...held.rows[0], written: whole.slice(0, given) }],
      });
      expect(continued).toEqual(whole.slice(given));
    }
    const forgetful = await at({ ...held, maxTokens: 60, rows: [{ ...held.rows[0], dryMultiplier: 0 }] });
    expect(forgetful).not.toEqual(whole);
  });

  it('needs room for what was written too', () => {
    const { contextLength } = tiny.file.config;
    const { loop } = recorderOf(1);
    const asked = (written: number) =>
      request(tiny.text('room', contextLength - 4 - 8 - 100), [
        greedy(),
        { ...greedy(), written: tiny.text('w', written) },
      ]);
    expect(() => loop.submit(1, asked(101))).toThrow(expect.objectContaining({ code: 'TOO_LONG' }));
    loop.submit(1, asked(100));
    expect(loop.queued).toBe(2);
  });
});

describe('a cancelled request', () => {
  it('keeps the tokens so far and leaves its slots to the next', async () => {
    const recorder = recorderOf(2);
    const asked = request(tiny.text('cancel', 9), [greedy(), greedy(tiny.latent('c')), greedy(tiny.latent('w'))], {
      maxTokens: 30,
    });
    const next = request(tiny.text('next', 4), [greedy(), greedy(tiny.latent('n'))]);
    recorder.loop.submit(1, asked);
    recorder.loop.submit(2, next);
    await recorder.steps(3);
    recorder.loop.cancel(1);
    await recorder.finish();
    const whole = expected(asked);
    expect(recorder.results.get(1)).toEqual([
      { tokens: whole[0].slice(0, 3), finishReason: 'CANCELLED' },
      { tokens: whole[1].slice(0, 3), finishReason: 'CANCELLED' },
      { tokens: [], finishReason: 'CANCELLED' },
    ]);
    expect(recorder.tokens(2)).toEqual(expected(next));
  });

  it('ends at once when it has not begun; cancelling it again or an unknown one does nothing', async () => {
    const recorder = recorderOf(2);
    recorder.loop.submit(1, request(tiny.text('early', 4), [greedy(), greedy()]));
    recorder.loop.cancel(1);
    recorder.loop.cancel(1);
    recorder.loop.cancel(99);
    expect(recorder.loop.idle).toBe(true);
    expect(recorder.results.get(1)).toEqual([
      { tokens: [], finishReason: 'CANCELLED' },
      { tokens: [], finishReason: 'CANCELLED' },
    ]);
  });
});

describe('a request that cannot be done', () => {
  it.each([
    ['too long for the context', { promptIds: 500, maxTokens: 9, rows: 1 }, 'TOO_LONG'],
    ['without a prompt', { promptIds: 0, maxTokens: 9, rows: 1 }, 'BAD_USER_INPUT'],
    ['without rows', { promptIds: 5, maxTokens: 9, rows: 0 }, 'BAD_USER_INPUT'],
    ['of no tokens', { promptIds: 5, maxTokens: 0, rows: 1 }, 'BAD_USER_INPUT'],
  ])('is refused: %s', (seed, { promptIds, maxTokens, rows }, code) => {
    const { loop } = recorderOf(1);
    const asked = request(tiny.text(seed, promptIds), Array(rows).fill(greedy()), { maxTokens });
    expect(() => loop.submit(1, asked)).toThrow(expect.objectContaining({ code }));
    expect(loop.idle).toBe(true);
  });

  it('fills the context to its last position', async () => {
    const { contextLength } = tiny.file.config;
    const recorder = recorderOf(1);
    const promptIds = tiny.text('full', contextLength - 4 - 3);
    recorder.loop.submit(1, request(promptIds, [greedy(tiny.latent('f'))], { maxTokens: 3 }));
    await recorder.finish();
    expect(recorder.tokens(1)[0].length).toBe(3);
  });

  it('fails by itself: the others go on', async () => {
    const recorder = recorderOf(3);
    const asked = request(tiny.text('good', 6), [greedy(), greedy(tiny.latent('g'))]);
    recorder.loop.submit(1, asked);
    await recorder.steps(2);
    const prefix = rowOf(await tiny.model.prefixes([tiny.latent('g')], 5), 0, tiny.file.config);
    const wrong = [
      request(tiny.text('prefix and latent', 6), [{ ...greedy(tiny.latent('g')), prefix }]),
      request(tiny.text('short prefix', 6), [{ ...greedy(), prefix: { ...prefix, keys: prefix.keys.slice(1) } }]),
      request(tiny.text('wrong latent', 6), [greedy(new Float32Array(3)), greedy()]),
      request([1_000_000, 1], [greedy()]),
      request([1, 2], [{ ...greedy(), written: [-1] }]),
    ];
    for (const [id, asked] of wrong.entries()) {
      expect(() => recorder.loop.submit(id + 2, asked)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
    }
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(asked));
    expect(recorder.results.size).toBe(1);
  });

  it('is told that latents need an adapter', async () => {
    const bare = new ServingModel(tiny.file.config, { ...tiny.sessions, adapter: undefined });
    const recorder = recorderOf(2, bare);
    const personal = request(tiny.text('bare', 6), [greedy(tiny.latent('b'))]);
    expect(() => recorder.loop.submit(1, personal)).toThrow(
      expect.objectContaining({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('adapter') }),
    );
    recorder.loop.submit(2, request(tiny.text('bare', 6), [greedy()]));
    await recorder.finish();
    expect(recorder.tokens(2)).toEqual(expected(request(tiny.text('bare', 6), [greedy()])));
  });

  it('takes all rows of a step along that the model cannot compute, and no later ones', async () => {
    const closed = await Session.open(tiny.graphs.decode, 1);
    let decode: GraphRunner = closed;
    const sessions = { ...tiny.sessions, decode: { run: (feeds: Record<string, Feed>) => decode.run(feeds) } };
    const recorder = recorderOf(2, new ServingModel(tiny.file.config, sessions));
    recorder.loop.submit(1, request(tiny.text('x', 5), [greedy(), greedy(), greedy()]));
    await recorder.steps(1);
    await closed.close();
    await recorder.steps(1);
    expect([...recorder.failures.keys()]).toEqual([1]);
    expect(recorder.loop.idle).toBe(true);
    decode = tiny.sessions.decode;
    const asked = request(tiny.text('y', 5), [greedy(), greedy(tiny.latent('y'))]);
    recorder.loop.submit(2, asked);
    await recorder.finish();
    expect(recorder.tokens(2)).toEqual(expected(asked));
  });
});

describe('reading between steps', () => {
  it('gives features without any prefix, and does not touch what is being decoded', async () => {
    const recorder = recorderOf(2);
    const asked = request(tiny.text('busy', 9), [greedy(), greedy(tiny.latent('b'))]);
    recorder.loop.submit(1, asked);
    await recorder.steps(2);
    const replies = [tiny.text('r0', 4), [], tiny.text('r2', 9)];
    const read = await recorder.read({ promptIds: asked.promptIds, lastUserTurn: [2, 6], replies });
    await recorder.finish();
    expect(recorder.tokens(1)).toEqual(expected(asked));
    const close = (actual: Float32Array, wanted: Float64Array) =>
      expect(Math.max(...actual.map((value, i) => Math.abs(value - wanted[i])))).toBeLessThan(1e-4);
    close(read.prompt, tiny.features(asked.promptIds.slice(0, 2), asked.promptIds.slice(2, 6)));
    close(read.replies[0], tiny.features(asked.promptIds, replies[0]));
    close(read.replies[2], tiny.features(asked.promptIds, replies[2]));
    expect(read.replies[1].every((value) => value === 0)).toBe(true);
  });

  it('hands out features of its own', async () => {
    const recorder = recorderOf(1);
    const asked = { promptIds: tiny.text('own', 6), lastUserTurn: [1, 4] as [number, number], replies: [] };
    const first = await recorder.read(asked);
    const kept = first.prompt.slice();
    first.prompt.fill(0);
    expect((await recorder.read(asked)).prompt).toEqual(kept);
  });
});
