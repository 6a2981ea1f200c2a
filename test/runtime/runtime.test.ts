/** The runtime on the default model, worker thread and all: decoding, isolation, streaming, cancelling, reading, scoring. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { openGguf } from '../../src/language-model/gguf.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import type { EncodedChat } from '../../src/language-model/tokenizer.js';
import { WorkerRuntime } from '../../src/runtime/runtime.js';
import type { DecodeRequest, DecodeRow, RuntimeStatus } from '../../src/runtime/types.js';
import { randomAdapter } from '../support/adapter.js';
import { goldenCases } from '../support/golden.js';
import { defaultModelPath } from '../support/model.js';

const SLOTS = 4;
const LATENT_SIZE = 8;

let folder: string;
let file: LanguageModelFile;
let runtime: WorkerRuntime;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-runtime-'));
  const modelPath = await defaultModelPath();
  file = await openGguf(modelPath);
  const adapter = randomAdapter(file.config, LATENT_SIZE, 16);
  runtime = new WorkerRuntime({ modelPath, cacheFolder: folder, adapter, slots: SLOTS, threads: 1 });
  await runtime.start();
});

afterAll(async () => {
  await runtime?.stop();
  await rm(folder, { recursive: true, force: true });
});

const greedy = (latent: Float32Array | null = null): DecodeRow => ({
  latent,
  seed: 1,
  temperature: 0,
  topP: 1,
  minP: 0,
  dryMultiplier: 0,
});
const latent = (seed: string) => new Random(seed).normals(LATENT_SIZE);

function chat(text: string): EncodedChat {
  return file.tokenizer.encodeChat([{ role: 'user', content: text }]);
}

function request(prompt: EncodedChat, rows: DecodeRow[], maxTokens = 16): DecodeRequest {
  const { ids: promptIds, lastUserTurn } = prompt;
  return { promptIds, lastUserTurn, rows, maxTokens, stopTokens: [...file.tokenizer.stopTokens] };
}

async function tokens(asked: DecodeRequest): Promise<number[][]> {
  return (await runtime.generate(asked, () => {})).map((row) => row.tokens);
}

/** How many leading tokens are the same. */
function agreement(a: readonly number[], b: readonly number[]): number {
  const first = a.findIndex((token, i) => token !== b[i]);
  return first < 0 ? a.length : first;
}

/**
 * Two texts part only where their next tokens are nearly as likely: 8-bit inputs make much of a sum's last digit, which depends on the
 * processor and on the rows beside it. Measured on one without 8-bit instructions: at most 0.18 nat.
 */
async function expectSameButForTies(promptIds: number[], ours: number[], theirs: number[]): Promise<void> {
  const same = agreement(ours, theirs);
  if (same === ours.length || same === theirs.length) return expect(ours).toEqual(theirs);
  const [a, b] = await runtime.score(promptIds, [ours.slice(0, same + 1), theirs.slice(0, same + 1)]);
  expect(Math.abs(a[same] - b[same]), `token ${same} of ${file.tokenizer.decode(theirs)}`).toBeLessThan(0.25);
}

describe('the status', () => {
  it('names the model and what it can do', () => {
    expect(runtime.status()).toMatchObject({
      ready: true,
      model: file.config.name,
      modelDigest: file.digest,
      personalised: true,
      device: 'cpu',
      slots: SLOTS,
      busySlots: 0,
      queued: 0,
    });
  });
});

describe('greedy decoding', () => {
  it('writes the same text as another implementation does in full precision, but where two tokens are as good', async () => {
    for (const { ids, greedy: expected } of goldenCases) {
      const asked: DecodeRequest = {
        ...request({ ids, lastUserTurn: [0, 1] }, [greedy()], expected.length),
        stopTokens: [2],
      };
      const [row] = await runtime.generate(asked, () => {});
      expect(row.finishReason).toBe(row.tokens.includes(2) ? 'STOP' : 'LENGTH');
      await expectSameButForTies(ids, row.tokens, expected);
    }
  });
});

describe('sampled decoding', () => {
  it('is a function of the seed', async () => {
    const row = (seed: number): DecodeRow => ({
      latent: null,
      seed,
      temperature: 1,
      topP: 0.95,
      minP: 0,
      dryMultiplier: 0,
    });
    const [first, second, again] = await tokens(request(chat('Tell me a story.'), [row(1), row(2), row(1)], 12));
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
  });
});

describe('latents', () => {
  it('change the text of their own rows only', async () => {
    const prompt = chat('What do you think about long train rides?');
    const [bare] = await tokens(request(prompt, [greedy()]));
    const mixed = await tokens(
      request(prompt, [greedy(latent('a')), greedy(), greedy(latent('b')), greedy(latent('a'))]),
    );
    expect(mixed[1]).toEqual(bare);
    expect(mixed[0]).not.toEqual(bare);
    expect(mixed[2]).not.toEqual(mixed[0]);
    expect(mixed[3]).toEqual(mixed[0]);
  });

  it('stay with their row while other prompts, lengths and latents join and leave', async () => {
    const long = chat(`Summarise this for me: ${'The river was high, and nobody crossed it that week. '.repeat(6)}`);
    const watched = [request(chat('Tell me about rain.'), [greedy(), greedy(latent('a'))], 24)];
    const others = [
      request(long, [greedy(latent('c')), greedy()], 5),
      request(chat('What is 2+2?'), [greedy(latent('d'))], 7),
      request(chat('My cat ignores me.'), [greedy(), { ...greedy(latent('e')), temperature: 1 }], 3),
    ];
    const alone: number[][] = [];
    for (const row of watched[0].rows) alone.push(...(await tokens({ ...watched[0], rows: [row] })));
    let joined: Promise<unknown>[] = [];
    let seen = 0;
    const rows = await runtime.generate(watched[0], () => {
      // Another request joins the batch every few tokens.
      if (seen++ % 12 === 3 && joined.length < others.length) joined = [...joined, tokens(others[joined.length])];
    });
    expect(joined.length).toBe(others.length);
    await Promise.all(joined);
    const [bare, leaning] = rows.map((row) => row.tokens);
    await expectSameButForTies(watched[0].promptIds, bare, alone[0]);
    // A row that took another's latent would write that one's text from the next token on.
    expect(agreement(leaning, alone[1])).toBeGreaterThan(Math.max(2, agreement(leaning, alone[0])));
  });
});

describe('streaming', () => {
  it('hands out every token once, in order, and never the stop token', async () => {
    const asked = request(chat('What is 2+2?'), [greedy(), greedy(latent('a'))], 20);
    const streams: number[][] = [[], []];
    const rows = await runtime.generate(asked, (row, more) => streams[row].push(...more));
    rows.forEach(({ tokens: all, finishReason }, row) => {
      expect(streams[row]).toEqual(finishReason === 'STOP' ? all.slice(0, -1) : all);
    });
    expect(rows[0].finishReason).toBe('STOP');
    expect(asked.stopTokens).toContain(rows[0].tokens.at(-1));
  });

  it('serves more rows than there are slots, in their order', async () => {
    const statuses: RuntimeStatus[] = [];
    const forget = runtime.onStatus((status) => statuses.push(status));
    const finished: number[] = [];
    const lengths = Array(SLOTS + 2).fill(0);
    const rows = await runtime.generate(
      request(chat('Name a colour.'), Array(SLOTS + 2).fill({ ...greedy(), temperature: 1 }), 3),
      (row) => {
        if (++lengths[row] === 3) finished.push(row);
      },
    );
    forget();
    expect(new Set(rows.map((row) => String(row.tokens))).size).toBe(1);
    expect(finished).toEqual([...finished].sort((a, b) => a - b));
    expect(Math.max(...statuses.map((status) => status.busySlots))).toBe(SLOTS);
    expect(statuses).toContainEqual(expect.objectContaining({ busySlots: SLOTS, queued: 2 }));
  });
});

describe('cancelling', () => {
  it('keeps the tokens so far', async () => {
    const abort = new AbortController();
    const streams: number[][] = [[], []];
    const asked = request(chat('Tell me a long story.'), [greedy(), greedy(latent('a'))], 400);
    const rows = await runtime.generate(
      asked,
      (row, more) => {
        streams[row].push(...more);
        if (streams[0].length === 3) abort.abort();
      },
      abort.signal,
    );
    expect(rows.map((row) => row.finishReason)).toEqual(['CANCELLED', 'CANCELLED']);
    expect(rows.map((row) => row.tokens)).toEqual(streams);
    expect(rows[0].tokens.length).toBeLessThan(50);
  });

  it('before the beginning gives empty rows', async () => {
    const asked = request(chat('Never mind.'), [greedy(), greedy()]);
    const rows = await runtime.generate(asked, () => expect.unreachable(), AbortSignal.abort());
    expect(rows).toEqual([
      { tokens: [], finishReason: 'CANCELLED' },
      { tokens: [], finishReason: 'CANCELLED' },
    ]);
  });
});

describe('a reply that goes on', () => {
  it.each([
    ['without a latent', () => null],
    ['behind a latent', () => latent('goes on')],
  ])('writes the same text: %s', async (_, latentOf) => {
    const prompt = chat('Tell me about the sea.');
    const row = greedy(latentOf());
    const [whole] = await tokens(request(prompt, [row], 20));
    const [first] = await tokens(request(prompt, [row], 10));
    const [second] = await tokens(request(prompt, [{ ...row, written: first }], 10));
    expect([...first, ...second]).toEqual(whole);
  });
});

describe('a request that does not fit', () => {
  it('is refused with the numbers, and the next one is served', async () => {
    const { contextLength } = file.config;
    const ids = Array<number>(contextLength).fill(504);
    const refused = runtime.generate(request({ ids, lastUserTurn: [0, 1] }, [greedy()]), () => {});
    await expect(refused).rejects.toMatchObject({
      code: 'TOO_LONG',
      message: expect.stringContaining(`this model reads ${contextLength}`),
    });
    expect((await tokens(request(chat('Hello.'), [greedy()], 2)))[0].length).toBe(2);
  });
});

describe('reading', () => {
  it.each(goldenCases.map((golden) => [golden.text.slice(0, 30), golden] as const))(
    'gives the features of the reply to %j',
    async (_, golden) => {
      const read = await runtime.read({ promptIds: golden.ids, lastUserTurn: [0, 3], replies: [[], golden.greedy] });
      const { hidden } = file.config;
      (['8', '15', '22', 'final'] as const).forEach((depth, i) => {
        const features = read.replies[1].subarray(i * hidden, (i + 1) * hidden);
        const { norm, first8 } = golden.pooled_reply[depth];
        expect(Math.abs(Math.hypot(...features) / norm - 1), `norm at ${depth}`).toBeLessThan(0.02);
        first8.forEach((value, k) => {
          expect(Math.abs(features[k] - value), `component ${k} at ${depth}`).toBeLessThan(0.1);
        });
      });
      expect(read.replies[0].every((value) => value === 0)).toBe(true);
      expect(read.prompt.length).toBe(4 * hidden);
    },
  );
});

describe('scoring', () => {
  it('gives the log-probabilities of the tokens', async () => {
    for (const { ids, token_logprobs: expected } of goldenCases) {
      const [whole] = await runtime.score(ids.slice(0, 1), [ids.slice(1)]);
      expect(whole.length).toBe(expected.length);
      expected.forEach((value, i) => {
        expect(Math.abs(whole[i] - value), `token ${i}`).toBeLessThan(0.5);
      });
    }
  });
});
