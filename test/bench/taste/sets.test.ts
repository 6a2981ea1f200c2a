import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planBank } from '../../../bench/taste/bank.js';
import { tasteMembers } from '../../../bench/taste/members.js';
import { DEV_SET, openSet, tasteNamed } from '../../../bench/taste/sets.js';
import { AXES } from '../../../bench/taste/tastes.js';
import { syntheticBank } from './synthetic-bank.js';

describe('a set of tastes and prompts', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-set-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function module(name: string, text: string): Promise<string> {
    const path = join(folder, `${name}.mjs`);
    await writeFile(path, text);
    return path;
  }

  it('is the one of the source unless somebody brings another', async () => {
    expect(await openSet(undefined)).toBe(DEV_SET);
    const path = await module(
      'unseen',
      `export const votePrompts = ['Why is snow white?'];
       export const heldOutPrompts = ['My snowman melted.'];
       const scorers = { a: (text) => text.length, b: (text, prompt) => -prompt.length };
       export const tastes = [{ name: 'wordy', family: 'wordy', instruction: 'Write much.', scorers }];`,
    );
    const set = await openSet(path);
    expect(planBank(set)).toEqual([
      { prompt: 'Why is snow white?', set: 'VOTE' },
      { prompt: 'My snowman melted.', set: 'HELD_OUT' },
    ]);
    const [member] = tasteMembers([tasteNamed('wordy', set)], 1, syntheticBank({ vote: 1, heldOut: 1 }), AXES);
    expect([member.a('four', 'abc'), member.b('four', 'abc'), member.weight]).toEqual([4, -3, 1]);
    expect(() => tasteNamed('short', set)).toThrow('There are: wordy.');
  });

  it('is refused with what is wrong with it', async () => {
    await expect(openSet(join(folder, 'nowhere.mjs'))).rejects.toThrow('cannot be read');
    await expect(openSet(await module('empty', 'export const votePrompts = [];'))).rejects.toThrow('prompts as texts');
    const mute = `export const tastes = [{ name: 'mute', family: 'mute', instruction: 'Be silent.' }];`;
    await expect(openSet(await module('mute', mute))).rejects.toThrow('scorers: { a, b }');
  });
});
