/** Which question a tuning round asks next, and with which replies. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/common/random.js';
import { spectralPrior, type TasteGaussian } from '../../src/learning/taste-posterior.js';
import { chooseQuestion, informationOf, type QuestionState } from '../../src/learning/tuning/question.js';

const SIZE = 4;
const PRIOR = spectralPrior(SIZE);

/** A reply so far along a direction. */
const along = (direction: number, length: number) =>
  Float32Array.from({ length: SIZE }, (_, k) => (k === direction ? length : 0));

const unseen = (replies: QuestionState['replies']) => replies.map((own) => own.map(() => 0));

const SAME = Array.from({ length: 6 }, () => along(0, 1));
const SPREAD = [along(0, 3), along(0, 0), along(0, -3), along(1, 3), along(1, -3), along(0, 0)];
const FAINT = SPREAD.map((mean) => mean.map((value) => value / 10));

describe('the next question', () => {
  it.each<[string, QuestionState, { question: number; replies?: number[] }]>([
    [
      'is the one whose replies differ',
      { replies: [SAME, SPREAD, FAINT], shown: unseen([SAME, SPREAD, FAINT]), taste: PRIOR },
      { question: 1, replies: [0, 2, 3, 4] },
    ],
    [
      'shows replies that differ along what is least known',
      { replies: [SPREAD], shown: unseen([SPREAD]), taste: known({ 0: 1e-6 }) },
      { question: 0, replies: [3, 4] },
    ],
    [
      'is none that was asked more often than another',
      { replies: [FAINT, SPREAD], shown: [FAINT.map(() => 0), [1, 0, 1, 1, 1, 0]], taste: PRIOR },
      { question: 0 },
    ],
    [
      'comes again with any reply, where fewer than four were not shown',
      { replies: [[...SPREAD, ...SAME]], shown: [[1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1]], taste: PRIOR },
      { question: 0, replies: [0, 2, 3, 4] },
    ],
    [
      'comes again with none that was shown, where four were not',
      { replies: [[...SPREAD, ...SAME]], shown: [[1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]], taste: PRIOR },
      { question: 0 },
    ],
    [
      'has four replies at least',
      { replies: [SPREAD.slice(0, 3), FAINT], shown: [[0, 0, 0], FAINT.map(() => 0)], taste: PRIOR },
      { question: 1 },
    ],
  ])('%s', (_, state, { question, replies = [] }) => {
    const chosen = chooseQuestion(state);
    expect(chosen.question).toBe(question);
    expect(new Set(chosen.replies).size).toBe(4);
    expect(chosen.replies).toEqual(expect.arrayContaining(replies));
    const times = state.shown[question];
    if (times.filter((count) => count === 0).length >= 4) {
      expect(chosen.replies.map((reply) => times[reply])).toEqual([0, 0, 0, 0]);
    }
    expect(chooseQuestion(state)).toEqual(chosen);
  });

  it('is told by whoever has none with four replies', () => {
    expect(() => chooseQuestion({ replies: [SPREAD.slice(0, 3)], shown: [[0, 0, 0]], taste: PRIOR })).toThrow(
      RangeError,
    );
  });

  it('is hardly worse than the best of all', () => {
    const random = new Random('replies');
    for (let round = 0; round < 5; round++) {
      const replies = Array.from({ length: 8 }, () => random.normals(SIZE).map((value) => 1.5 * value));
      const every = fours(8).map(
        (four) =>
          chooseQuestion({ replies: [four.map((reply) => replies[reply])], shown: [[0, 0, 0, 0]], taste: PRIOR })
            .information,
      );
      const { information } = chooseQuestion({ replies: [replies], shown: [replies.map(() => 0)], taste: PRIOR });
      expect(information).toBeGreaterThan(0.95 * Math.max(...every));
    }
  });
});

describe('what a choice tells', () => {
  it.each([
    [
      'nothing, where everybody chooses alike',
      [
        [1, 1],
        [0.2, 0.2],
      ],
      0,
      0,
    ],
    [
      'nothing, where nobody cares',
      [
        [1, 1],
        [1, 1],
      ],
      0,
      0,
    ],
    [
      'nearly all, where two tastes choose differently',
      [
        [1, 0],
        [0, 1],
      ],
      0.5,
      Math.log(2),
    ],
  ])('%s', (_, weights, least, most) => {
    const information = informationOf(weights.map((row) => Float64Array.from(row)));
    expect(information).toBeGreaterThanOrEqual(least - 1e-12);
    expect(information).toBeLessThanOrEqual(most + 1e-12);
  });
});

/** The prior, but with some variances known better. */
function known(variances: Readonly<Record<number, number>>): TasteGaussian {
  const covariance = { ...PRIOR.covariance, data: PRIOR.covariance.data.slice() };
  for (const [k, variance] of Object.entries(variances)) covariance.data[Number(k) * (SIZE + 1)] = variance;
  return { mean: PRIOR.mean, covariance };
}

function fours(count: number): number[][] {
  const all: number[][] = [];
  for (let a = 0; a < count; a++)
    for (let b = a + 1; b < count; b++)
      for (let c = b + 1; c < count; c++) for (let d = c + 1; d < count; d++) all.push([a, b, c, d]);
  return all;
}
