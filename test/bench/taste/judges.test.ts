import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corporaFolder, readCorpora, readTestCorpora } from '../../../bench/taste/corpora.js';
import { judgesOf, trainJudges } from '../../../bench/taste/judges.js';
import { AXES } from '../../../bench/taste/tastes.js';
import { meanWeight, trainTermWeights } from '../../../bench/taste/term-weights.js';

const times = <T>(count: number, items: readonly T[]): T[] => Array.from({ length: count }, () => items).flat();

describe('weights of terms', () => {
  it('are the logarithms of how much oftener a term occurs in the class', () => {
    const texts = times(5, [
      { text: 'good film', holds: true },
      { text: 'bad film', holds: false },
    ]);
    const weights = trainTermWeights(texts);
    // Terms: good, bad, film, good film, bad film; 15 occurrences a class.
    expect(weights.get('good')).toBeCloseTo(Math.log(6), 12);
    expect(weights.get('bad film')).toBeCloseTo(-Math.log(6), 12);
    expect(weights.get('film')).toBeCloseTo(0, 12);
    expect(meanWeight(weights, 'Good!')).toBeCloseTo(Math.log(6), 12);
    expect(meanWeight(weights, 'Good good unheard')).toBeCloseTo((2 * Math.log(6)) / 5, 12);
    expect(meanWeight(weights, '')).toBe(0);
  });

  it('know nothing of hidden words, nor of pairs over them', () => {
    const hidden = [new Set(['good', 'bad'])];
    const texts = times(5, [
      { text: 'a good film', holds: true },
      { text: 'a bad film', holds: false },
    ]);
    const weights = trainTermWeights(texts, hidden);
    expect([...weights.keys()]).toEqual(['a', 'film']);
    expect(meanWeight(weights, 'a good film', hidden)).toBeCloseTo(0, 12);
  });
});

describe('judges', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-corpora-'));
    const reviews = times(6, [
      { text: 'What a lovely film.<br />I am glad. The kitchen looked fine.', label: 'positive' },
      { text: 'What a dull film. The idea bored me.', label: 'negative' },
    ]);
    const turns = times(6, [
      { text: 'Where do you live?', act: 'question', emotion: 'no_emotion' },
      { text: 'Turn to the left.', act: 'directive', emotion: 'no_emotion' },
      { text: 'I live here, how nice!', act: 'inform', emotion: 'happiness' },
    ]);
    const write = (name: string, rows: object[]) =>
      writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await write('imdb-judge.jsonl', reviews);
    await write('dailydialog-judge.jsonl', [{ turns }]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('learn from the corpora what goes along with an axis', async () => {
    const judges = judgesOf(trainJudges(await readCorpora(folder)));
    expect(Object.keys(judges)).toEqual(Object.keys(AXES));
    const prefers = (axis: keyof typeof AXES, better: string, worse: string) =>
      expect(judges[axis](better, ''), axis).toBeGreaterThan(judges[axis](worse, ''));
    prefers('sentiment', 'A lovely kitchen.', 'A dull idea.');
    prefers('length', 'One. Two. Three.', 'One, two, three');
    prefers('questions', 'Where do they live', 'Turn to the left');
    prefers('closing question', 'Turn to the left. Where do they live', 'Where do they live. Turn to the left.');
    prefers('directives', 'Turn to the left.', 'I live here.');
    prefers('lists', 'one\ntwo\nthree', 'one two three');
    prefers('plain words', 'the film', 'unheard oddities');
    prefers('warmth', 'How nice', 'Turn to the left');
    prefers('formality', 'What a film.', 'Where do they live?');
    // "kitchen" is hidden; what stood beside it is not.
    prefers('concreteness', 'looked fine', 'bored me');
    expect(judges.concreteness('kitchen', '')).toBe(0);
  });

  it('say what is missing, and where to get it', async () => {
    await expect(readCorpora(join(folder, 'nowhere'))).rejects.toThrow('Name a folder with --corpora or BENCH_CORPORA');
    expect(corporaFolder('/some/folder')).toBe('/some/folder');
    expect(await readTestCorpora(folder)).toBeNull();
  });
});
