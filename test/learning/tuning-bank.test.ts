/** The bank of replies for tuning rounds: its file, what a finished reply is, and the bank that comes with the product. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { readCheckpoint } from '../../src/learning/checkpoint.js';
import { bankPath, bankPosteriors, decodeBank, encodeBank, findBank } from '../../src/learning/tuning/bank.js';
import { BANK_REPLIES, finishedReply } from '../../src/learning/tuning/bank-writing.js';
import { TUNING_PROMPTS, TUNING_TOKENS } from '../../src/learning/tuning/prompts.js';

const CHECKPOINT = 'models/smollm2-135m-instruct.clap.safetensors';
const log = createLog('silent');

describe('the bank that comes with the product', async () => {
  const checkpoint = await readCheckpoint(CHECKPOINT);
  const text = await readFile(bankPath(CHECKPOINT), 'utf8');
  const bank = decodeBank(text, 'bank', checkpoint.projectedSize);

  it('is the checkpoint’s, with finished replies to each prompt, all different', () => {
    expect(bank).toMatchObject({ modelDigest: checkpoint.modelDigest, checkpointDigest: checkpoint.digest });
    expect(bank.questions.map(({ prompt }) => prompt)).toEqual(TUNING_PROMPTS);
    for (const { replies } of bank.questions) {
      expect(new Set(replies.map((reply) => reply.text)).size).toBe(BANK_REPLIES);
      for (const reply of replies) {
        expect(reply.tokens.length).toBeLessThanOrEqual(TUNING_TOKENS);
        if (reply.finishReason === 'LENGTH') expect(reply.text).toMatch(/[.!?…]["'”’)\]*_]*$/u);
      }
    }
  });

  it('has the features that posteriors are made of: whitened within prompts', () => {
    const means = bankPosteriors(checkpoint, bank)
      .flat()
      .map(({ mean }) => mean);
    const square = means.flatMap((mean) => [...mean]).reduce((sum, value) => sum + value * value, 0);
    expect(square / (means.length * checkpoint.latentSize)).toBeGreaterThan(0.3);
    expect(square / (means.length * checkpoint.latentSize)).toBeLessThan(5);
  });

  it('is written as it was read', () => expect(encodeBank(bank)).toBe(text));

  it.each<[string, (text: string) => string]>([
    ['no JSON', () => 'no bank'],
    ['another file', () => '{}'],
    ['another version', (whole) => whole.replace('"version":1', '"version":2')],
    ['a part of one', (whole) => `${whole.slice(0, whole.indexOf('"questions"'))}"none":[]}`],
    ['damaged features', (whole) => whole.replace(/"features":"[^"]{8}/, '"features":"')],
  ])('is not read from %s', (_, damage) => {
    expect(() => decodeBank(damage(text), 'bank', checkpoint.projectedSize)).toThrow(
      expect.objectContaining({ code: 'MODEL_UNAVAILABLE' }),
    );
  });

  it('is found beside the checkpoint and in the data folder, and not for another checkpoint', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'palate-bank-'));
    try {
      const other = { ...checkpoint, digest: '00'.repeat(32) };
      expect(await findBank({ data: folder }, other, log)).toBeNull();
      await writeFile(join(folder, 'other.tuning.json'), encodeBank({ ...bank, checkpointDigest: other.digest }));
      const found = await findBank({ data: 'nowhere', checkpoint: join(folder, 'other.clap.safetensors') }, other, log);
      expect(found?.checkpointDigest).toBe(other.digest);
      expect((await findBank({ data: folder }, checkpoint, log))?.questions).toEqual(bank.questions);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a finished reply', () => {
  /** A token a character. */
  const row = (text: string, finishReason: 'STOP' | 'LENGTH' = 'LENGTH') => ({
    tokens: Array.from(text, (_, i) => i),
    finishReason,
  });
  const of = (text: string, finishReason?: 'STOP' | 'LENGTH') =>
    finishedReply(row(text, finishReason), {
      decode: (ids) => ids.map((id) => text[id]).join(''),
    })?.text ?? null;

  it.each<[string, string, string | null]>([
    ['ends with its last sentence', 'It was a long day indeed. And the ni', 'It was a long day indeed.'],
    ['ends at its end, where that is one', 'It was a very long day indeed!', 'It was a very long day indeed!'],
    ['ends with what closes a sentence', 'She said: "Come with me now!" And so', 'She said: "Come with me now!"'],
    ['is none without a sentence', 'and so it goes on and on and on and', null],
    ['does not end with a number of a list', 'Do these two.\n1. Rest.\n2. Go on', 'Do these two.\n1. Rest.'],
    ['does not end inside a number', 'It costs exactly 3.50 dollars in the', null],
    ['is no crumb', 'No. But then again there were other', null],
  ])('%s', (_, text, expected) => expect(of(text)).toBe(expected));

  it('is whatever ended by itself, unless it is empty', () => {
    expect(of('without a full stop', 'STOP')).toBe('without a full stop');
    expect(of('  ', 'STOP')).toBeNull();
  });
});
