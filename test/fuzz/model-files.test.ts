/**
 * Model files that were changed anywhere: in a value of the metadata, in the vocabulary, in a weight, in any byte. Each is refused at the
 * start with a typed error, or it answers questions.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PalateError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import type { ChatTurn } from '../../src/language-model/tokenizer.js';
import { type OpenedModel, openModel } from '../../src/runtime/open-model.js';
import {
  CHAT_TEMPLATE,
  Float,
  type MetadataEntry,
  tinyTokenizer,
  writeTinyModel,
} from '../language-model/gguf-writer.js';
import { greedy, Recorder } from '../runtime/recorder.js';

/** How many files of each kind; PALATE_FUZZ multiplies. */
const FILES = 40 * Number(process.env.PALATE_FUZZ ?? 1);
const SHAPE = { layers: 1, hidden: 64, heads: 2, kvHeads: 1, feedForward: 64 };
const FORMATS = ['F32', 'F16', 'Q8_0', 'Q4_1'] as const;

let folder: string;
const wholes = new Map<string, Buffer>();
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-fuzz-'));
  path = join(folder, 'model.gguf');
  for (const format of FORMATS) {
    await writeTinyModel(path, { ...SHAPE, format, tied: format === 'Q8_0' });
    wholes.set(format, await readFile(path));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];

const NUMBERS: MetadataEntry[] = [
  ...[0, 1, 2, 3, 31, 32, 64, 65, 255, 288, 4096, 2 ** 16, 2 ** 31 - 1, 2 ** 31, -1, -2],
  ...[Number.NaN, Infinity, -Infinity, 0, -0, 1e-45, 1e-30, 0.5, 1.5, 64, 1e30, 3e38, -1].map(
    (value) => new Float(value),
  ),
];
const TEXTS = ['', ' ', '\0', 'llama\0', 'a\0b', '\u{1F989}'.repeat(500), 'gpt2', 'llama', 'default', 'none'];
const TEMPLATES = [
  ' ',
  '{{ x() }}',
  '{{ messages | z }}',
  '{{ messages[0].content }}',
  "{{ raise_exception('no') }}",
  '{{ bos_token }}{{ eos_token }}',
  `{% for i in range(10**9) %}{% endfor %}${CHAT_TEMPLATE}`,
  CHAT_TEMPLATE.replace("message['role']", "message['name']"),
  CHAT_TEMPLATE.replace('{% for', "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}{% for"),
  CHAT_TEMPLATE.replaceAll('<|im_end|>', '\0'),
];

/** Another value for a key, of its own kind or of any. */
function changedValue(random: Random, key: string, value: MetadataEntry | undefined): MetadataEntry | undefined {
  if (random.integer(8) === 0) return pick(random, [undefined, true, 'text', 7, ['a'], [1, 2], new Float32Array(3)]);
  if (key === 'tokenizer.chat_template') return pick(random, TEMPLATES);
  if (Array.isArray(value)) return changedList(random, value as (string | number)[]) as MetadataEntry;
  if (typeof value === 'string') return pick(random, TEXTS);
  return pick(random, NUMBERS);
}

function changedList<T extends string | number>(random: Random, list: readonly T[]): T[] {
  const at = random.integer(list.length);
  const other = pick(random, list);
  const strange = (
    typeof list[0] === 'string'
      ? pick(random, ['', ' ', '\0', 'q q', 'x y z', '<0x00>'])
      : pick(random, [-1, 0, 2, 3, 4, 5, 6, 99])
  ) as T;
  return pick(random, [
    () => list.slice(0, at),
    () => list.slice(at),
    () => list.with(at, other),
    () => list.with(at, strange),
    () => [...list, strange],
    () => random.shuffle(list),
  ])();
}

const KEYS = [
  ...['general.architecture', 'general.name', 'llama.block_count', 'llama.context_length', 'llama.embedding_length'],
  ...[
    'llama.feed_forward_length',
    'llama.attention.head_count',
    'llama.attention.head_count_kv',
    'llama.rope.freq_base',
  ],
  ...['llama.attention.layer_norm_rms_epsilon', 'llama.rope.dimension_count', 'llama.attention.sliding_window'],
  ...['llama.attention.key_length', 'llama.attention.value_length', 'llama.rope.scaling.factor', 'llama.expert_count'],
  ...['split.count', 'tokenizer.ggml.eot_token_id', 'tokenizer.ggml.scores', 'tokenizer.ggml.add_space_prefix'],
  ...Object.keys(tinyTokenizer()),
];

const CONVERSATIONS: ChatTurn[][] = [
  [{ role: 'user', content: 'What makes a good evening? Zebras, quizzes and JAM #7 & more!' }],
  [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'hello world' },
    { role: 'assistant', content: 'Hello.' },
    { role: 'assistant', content: 'Well?' },
    { role: 'user', content: 'Größe, 猫 🙂' },
  ],
];

/** Opens the file as a start does. Undefined where it is refused, which has to say why. */
async function open(): Promise<OpenedModel | undefined> {
  try {
    return await openModel({ modelPath: path, cacheFolder: join(folder, 'compiled'), adapter: null, threads: 1 });
  } catch (error) {
    if (!(error instanceof PalateError)) throw error;
    expect(error.code).toBe('MODEL_UNAVAILABLE');
    expect(error.message).toContain(path);
    expect(error.message).not.toMatch(/TypeError|RangeError|Invalid typed array|Cannot read prop/);
    return undefined;
  }
}

async function answer({ file, model }: OpenedModel): Promise<void> {
  expect(file.config.name).not.toMatch(/\p{C}|^$/u);
  const recorder = new Recorder(2, model);
  for (const [id, turns] of CONVERSATIONS.entries()) {
    const { ids: promptIds, lastUserTurn } = file.tokenizer.encodeChat(turns);
    const roomy = promptIds.length + 4 + 6 <= file.config.contextLength;
    if (!roomy) continue;
    const rows = [greedy(), { ...greedy(), temperature: 1 }];
    recorder.loop.submit(id, { promptIds, lastUserTurn, rows, maxTokens: 6, stopTokens: [] });
    await recorder.finish();
    expect([...recorder.failures.values()]).toEqual([]);
    for (const tokens of recorder.tokens(id)) {
      expect(tokens.length).toBe(6);
      expect(typeof file.tokenizer.decode(tokens)).toBe('string');
    }
  }
}

describe(`of ${FILES} model files each`, () => {
  const check = async (write: (random: Random, seed: number) => Promise<void>) => {
    const seen = { refused: 0, served: 0 };
    for (let seed = 0; seed < FILES; seed++) {
      await write(new Random(`model file ${seed}`), seed);
      try {
        const opened = await open();
        if (!opened) seen.refused++;
        else {
          seen.served++;
          await answer(opened);
          await opened.close();
        }
      } catch (error) {
        throw new Error(`file ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
      }
      await rm(join(folder, 'compiled'), { recursive: true, force: true });
    }
    return seen;
  };

  it('those with a changed value of the metadata are refused, or answer', async () => {
    const tokenizer = tinyTokenizer();
    const seen = await check(async (random, seed) => {
      const key = KEYS[seed % KEYS.length];
      const metadata = { [key]: changedValue(random, key, tokenizer[key]) };
      await writeTinyModel(path, { ...SHAPE, format: pick(random, FORMATS), metadata });
    });
    expect(Math.min(seen.refused, seen.served)).toBeGreaterThan(0);
  });

  it('those with a changed weight are refused, or answer', async () => {
    const BITS = [
      0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff, 0x00000001, 0x7e007e00, 0x7c007c00, 0, 0xffffffff,
    ];
    const seen = await check(async (random, seed) => {
      const bytes = Buffer.from(wholes.get(FORMATS[seed % FORMATS.length]) as Buffer);
      // The header takes some 8,000 bytes; what is behind it are weights.
      for (let i = random.integer(3); i >= 0; i--) {
        const at = 12_000 + random.integer(bytes.length - 12_004);
        bytes.writeUInt32LE(pick(random, BITS), at - (at % 2));
      }
      await writeFile(path, bytes);
    });
    expect(Math.min(seen.refused, seen.served)).toBeGreaterThan(0);
  });

  it('those with changed bytes are refused, or answer', async () => {
    await check(async (random, seed) => {
      const bytes = Buffer.from(wholes.get(FORMATS[seed % FORMATS.length]) as Buffer);
      for (let i = random.integer(4); i >= 0; i--) {
        const end = random.integer(3) === 0 ? bytes.length : 12_000;
        bytes[random.integer(end)] = random.integer(256);
      }
      await writeFile(path, random.integer(10) === 0 ? bytes.subarray(0, random.integer(bytes.length)) : bytes);
    });
  });
});
