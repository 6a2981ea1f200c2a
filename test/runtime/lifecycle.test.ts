/** Starting and stopping the runtime, and what it does when something is wrong; on a tiny model. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/common/digest.js';
import { openGguf } from '../../src/language-model/gguf.js';
import { GraphThread } from '../../src/runtime/graph-thread.js';
import type { AdapterWeights } from '../../src/runtime/messages.js';
import { WorkerRuntime } from '../../src/runtime/runtime.js';
import type { DecodeRequest, DecodeRow } from '../../src/runtime/types.js';
import { type TinyWeight, writeTinyModel } from '../language-model/gguf-writer.js';
import { randomAdapter } from '../support/adapter.js';

let folder: string;
let modelPath: string;
let adapter: AdapterWeights;
const running: WorkerRuntime[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-lifecycle-'));
  modelPath = join(folder, 'tiny.gguf');
  await writeTinyModel(modelPath, { format: 'Q4_0', seed: 5, tied: false });
  adapter = randomAdapter((await openGguf(modelPath)).config, 4, 5);
});

afterAll(async () => {
  await Promise.all(running.map((runtime) => runtime.stop()));
  await rm(folder, { recursive: true, force: true });
});

const SOON = { firstRestart: 10, longestRestart: 20, settled: 60_000 };

function runtimeOf(path = modelPath, weights: AdapterWeights | null = adapter): WorkerRuntime {
  const setup = { modelPath: path, cacheFolder: join(folder, 'compiled'), adapter: weights, slots: 2, threads: 1 };
  const runtime = new WorkerRuntime(setup, undefined, SOON);
  running.push(runtime);
  return runtime;
}

const row = (latent: Float32Array | null = null): DecodeRow => ({
  latent,
  seed: 1,
  temperature: 0,
  topP: 1,
  minP: 0,
  dryMultiplier: 0,
});

function request(rows: DecodeRow[], maxTokens = 4): DecodeRequest {
  return { promptIds: [5, 6, 7, 8], lastUserTurn: [0, 3], rows, maxTokens, stopTokens: [] };
}

const unavailable = (what: RegExp) => ({ code: 'MODEL_UNAVAILABLE', message: expect.stringMatching(what) });

describe('starting', () => {
  it('begins once and then serves', async () => {
    const runtime = runtimeOf();
    const ready: boolean[] = [];
    runtime.onStatus((status) => ready.push(status.ready));
    expect(runtime.status().ready).toBe(false);
    await Promise.all([runtime.start(), runtime.start()]);
    expect(ready).toContain(true);
    expect(runtime.status()).toMatchObject({ ready: true, model: 'Tiny', personalised: true });
    const [bare, personal] = await runtime.generate(request([row(), row(Float32Array.of(1, -1, 2, 0))]), () => {});
    expect(bare.tokens.length).toBe(4);
    expect(personal.tokens).not.toEqual(bare.tokens);
    await runtime.stop();
  });

  it('opens what it has compiled before to the same tokens', async () => {
    const tokens = [];
    for (let i = 0; i < 2; i++) {
      const runtime = runtimeOf();
      await runtime.start();
      tokens.push(await runtime.generate(request([row()], 12), () => {}));
      await runtime.stop();
    }
    expect(tokens[0]).toEqual(tokens[1]);
  });

  it.each([
    ['is cut off', async (bytes: Buffer) => bytes.subarray(0, bytes.length - 100)],
    ['is none', async () => Buffer.from('<html>not found</html>')],
    ['is empty', async () => Buffer.alloc(0)],
  ])('fails with the reason where the model file %s', async (name, damage) => {
    const path = join(folder, `${name}.gguf`);
    await writeFile(path, await damage(await readFile(modelPath)));
    const runtime = runtimeOf(path);
    await expect(runtime.start()).rejects.toMatchObject(unavailable(new RegExp(path)));
    await expect(runtime.generate(request([row()]), () => {})).rejects.toMatchObject(unavailable(/./));
    expect(runtime.status().ready).toBe(false);
    await runtime.stop();
  });

  it('fails with the reason where there is no file', async () => {
    const runtime = runtimeOf(join(folder, 'missing.gguf'));
    await expect(runtime.start()).rejects.toMatchObject(unavailable(/missing\.gguf/));
    await runtime.stop();
  });
});

describe('stopping', () => {
  it('rejects what is being generated and what comes after', async () => {
    const runtime = runtimeOf();
    await runtime.start();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const long = runtime.generate(request([row(), row(), row()], 400), () => begin());
    const ended = expect(long).rejects.toMatchObject(unavailable(/stopped/));
    await runtime.read({ promptIds: [5, 6, 7], lastUserTurn: [0, 2], replies: [[9, 10]] });
    await begun;
    await runtime.stop();
    await ended;
    expect(runtime.status()).toMatchObject({ ready: false, busySlots: 0, queued: 0 });
    await expect(runtime.generate(request([row()]), () => {})).rejects.toMatchObject(unavailable(/not ready/));
    await expect(runtime.score([5, 6], [[7]])).rejects.toMatchObject(unavailable(/not ready/));
    await runtime.stop();
  });

  it('waits for a start that is under way', async () => {
    const runtime = runtimeOf();
    const starting = runtime.start();
    await runtime.stop();
    await starting;
    expect(runtime.status().ready).toBe(false);
  });

  it('is nothing before the start', async () => {
    const runtime = runtimeOf();
    await runtime.stop();
    await expect(runtime.read({ promptIds: [5], lastUserTurn: [0, 1], replies: [] })).rejects.toMatchObject(
      unavailable(/not ready/),
    );
  });
});

describe('a worker that dies', () => {
  /** Its thread ends unasked, between two steps. */
  const die = (runtime: WorkerRuntime) =>
    (runtime as unknown as { worker: Worker }).worker.postMessage({ kind: 'stop' });

  it('is followed by another, that writes what it would have written', async () => {
    const runtime = runtimeOf();
    await runtime.start();
    const written = await runtime.generate(request([row()], 12), () => {});
    for (let death = 0; death < 2; death++) {
      const lost = runtime.generate(request([row()], 400), () => die(runtime));
      await expect(lost).rejects.toMatchObject({ ...unavailable(/stopped/), retryAfterMs: expect.any(Number) });
      expect(runtime.status()).toMatchObject({ ready: false, readyAt: expect.any(Number), busySlots: 0 });
      await expect.poll(() => runtime.status().ready).toBe(true);
      expect(runtime.status().readyAt).toBeUndefined();
      expect(await runtime.generate(request([row()], 12), () => {})).toEqual(written);
    }
    await runtime.stop();
    expect(runtime.status().ready).toBe(false);
  });

  it.each([0, 1, 100])('is followed by none after a stop, %d ms after its death', async (later) => {
    const runtime = runtimeOf();
    await runtime.start();
    die(runtime);
    await expect.poll(() => runtime.status().ready).toBe(false);
    await setTimeout(later);
    await runtime.stop();
    const ready: boolean[] = [];
    runtime.onStatus((status) => ready.push(status.ready));
    await setTimeout(500);
    expect(ready).toEqual([]);
    expect(runtime.status().ready).toBe(false);
  });
});

describe('a worker that cannot be trusted any more', () => {
  /** The compiled weights of a model of its own, spoiled on disk where they embed one token. */
  async function spoiled(token: number): Promise<string> {
    const path = join(folder, 'spoiled.gguf');
    const { weights } = await writeTinyModel(path, { format: 'Q8_0', seed: 77, tied: false });
    const first = runtimeOf(path, null);
    await first.start();
    await first.stop();
    const { digest } = await openGguf(path);
    const made = join(folder, 'compiled', `${digest.slice(0, 16)}-packed-2`);
    const compiled = join(made, 'weights.bin');
    const bytes = await readFile(compiled);
    const { values, columns } = weights.get('token_embd.weight') as TinyWeight;
    const row = Buffer.from(values.slice(token * columns, (token + 1) * columns).buffer);
    const at = bytes.indexOf(row);
    expect(at).toBeGreaterThanOrEqual(0);
    bytes.writeFloatLE(Number.NaN, at + 4 * 9);
    await writeFile(compiled, bytes);
    // As if it had been made so: a file that was changed afterwards is made anew.
    const contents: { name: string; sha256: string }[] = JSON.parse(
      await readFile(join(made, 'contents.json'), 'utf8'),
    );
    for (const content of contents) if (content.name === 'weights.bin') content.sha256 = await sha256(compiled);
    await writeFile(join(made, 'contents.json'), JSON.stringify(contents));
    return path;
  }

  it('is opened anew after fault upon fault, not ready meanwhile; before that the others go on', async () => {
    const TOKEN = 200;
    const runtime = runtimeOf(await spoiled(TOKEN), null);
    await runtime.start();
    const asked = request([row()], 12);
    const written = await runtime.generate(asked, () => {});
    const bad = () => runtime.generate({ ...asked, promptIds: [5, TOKEN, 7] }, () => {});
    const ready: boolean[] = [];
    runtime.onStatus((status) => ready.push(status.ready));
    for (let round = 0; round < 3; round++) {
      const beside = runtime.generate(asked, () => {});
      await expect(bad()).rejects.toMatchObject(unavailable(/not finite/));
      await expect(bad()).rejects.toMatchObject(unavailable(/not finite/));
      expect(await beside).toEqual(written);
      expect(await runtime.generate(asked, () => {})).toEqual(written);
    }
    expect(ready).not.toContain(false);
    for (let fault = 0; fault < 3; fault++) await expect(bad()).rejects.toMatchObject(unavailable(/not finite/));
    await expect.poll(() => ready).toContain(false);
    await expect.poll(() => runtime.status().ready).toBe(true);
    expect(await runtime.generate(asked, () => {})).toEqual(written);
    await runtime.stop();
  });
});

describe('a thread of graphs that has ended', () => {
  it('answers what was asked of it, and what is asked afterwards', async () => {
    const thread = new GraphThread();
    await expect(thread.open(join(folder, 'missing.onnx'), 1)).rejects.toMatchObject({ code: 'INTERNAL' });
    const open = thread.open(join(folder, 'missing.onnx'), 1).catch((error: unknown) => error);
    await thread.close();
    expect(await open).toMatchObject({ code: 'INTERNAL' });
    await expect(thread.open(join(folder, 'missing.onnx'), 1)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('a request that cannot be done', () => {
  it('is rejected alone, and the runtime goes on', async () => {
    const runtime = runtimeOf(modelPath, null);
    await runtime.start();
    expect(runtime.status().personalised).toBe(false);
    const good = runtime.generate(request([row(), row()], 30), () => {});
    await expect(runtime.generate(request([row(new Float32Array(4))]), () => {})).rejects.toMatchObject(
      unavailable(/adapter/),
    );
    await expect(runtime.generate({ ...request([row()]), promptIds: [1_000_000, 1] }, () => {})).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(runtime.generate({ ...request([row()]), promptIds: [] }, () => {})).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    await expect(runtime.read({ promptIds: [-5_000, 1], lastUserTurn: [0, 1], replies: [] })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
    expect((await good).map((result) => result.tokens.length)).toEqual([30, 30]);
    await runtime.stop();
  });
});
