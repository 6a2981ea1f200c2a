import { describe, expect, it } from 'vitest';
import { crossPairs, pairAccuracy, rankCorrelation } from '../../../bench/taste/comparing.js';
import { type Cells, difference, estimate } from '../../../bench/taste/crossed.js';
import { isRight } from '../../../bench/taste/facts.js';
import { bleu, inventedWords, refuses, selfBleu } from '../../../bench/taste/text-measures.js';
import { Random } from '../../../src/common/random.js';
import { distinct2 } from '../../../src/learning/diversity.js';

describe('comparing', () => {
  it('counts cross pairs that are won, ties half, and the ties', () => {
    expect(crossPairs([2, 3], [1, 2, 3]).won).toBeCloseTo((1.5 + 2.5) / 6, 12);
    expect(crossPairs([2, 3], [1, 2, 3]).tied).toBeCloseTo(2 / 6, 12);
    expect(crossPairs([1], [1])).toEqual({ won: 0.5, tied: 1 });
  });

  it('counts ordered pairs, those without an order left out', () => {
    expect(pairAccuracy([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(pairAccuracy([1, 2, 3], [3, 1, 1])).toBe(0);
    expect(pairAccuracy([1, 1, 3], [1, 2, 3])).toBeCloseTo(2.5 / 3, 12);
    expect(pairAccuracy([1, 2], [1, 1])).toBeNaN();
  });

  it('correlates ranks', () => {
    expect(rankCorrelation([1, 2, 3], [10, 20, 1000])).toBeCloseTo(1, 12);
    expect(rankCorrelation([1, 2, 3, 4], [2, 1, 4, 3])).toBeCloseTo(0.6, 12);
    expect(rankCorrelation([1, 2], [1, 1])).toBeNaN();
  });
});

describe('means over members crossed with prompts', () => {
  /** Members and prompts have effects of their own, as in the bench. */
  function draw(random: Random, members: number, prompts: number): Cells {
    const ofPrompt = Array.from({ length: prompts }, () => random.normal());
    const values = Array.from({ length: members }, () => {
      const ofMember = random.normal();
      return ofPrompt.map((value) => value + ofMember + random.normal());
    });
    return { values };
  }

  it('have intervals that hold the truth about as often as they say, where cells are not independent', () => {
    const random = new Random('coverage');
    const rounds = 150;
    let covered = 0;
    for (let round = 0; round < rounds; round++) {
      const { low, high } = estimate(draw(random, 12, 16), round, 200);
      if (low < 0 && high > 0) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.85);
    expect(covered / rounds).toBeLessThanOrEqual(1);
  });

  it('are the same for the same seed, weigh members, and leave empty cells out', () => {
    const cells = {
      values: [
        [1, 1],
        [3, Number.NaN],
        [5, 5],
      ],
      weights: [1, 1, 0],
    };
    expect(estimate(cells, 'x')).toEqual(estimate(cells, 'x'));
    expect(estimate(cells, 'x').mean).toBeCloseTo(5 / 3, 12);
    expect(estimate({ values: [[Number.NaN]] }, 'x').mean).toBeNaN();
  });

  it('of a difference are narrower than those of its parts where both meet the same members and prompts', () => {
    const random = new Random('paired');
    const first = draw(random, 12, 16);
    const second = { values: first.values.map((row) => row.map((value) => value - 0.5 + 0.1 * random.normal())) };
    const gain = estimate(difference(first, second), 'x');
    expect(gain.mean).toBeCloseTo(0.5, 1);
    expect(gain.low).toBeGreaterThan(0.4);
    expect(estimate(first, 'x').high - estimate(first, 'x').low).toBeGreaterThan(4 * (gain.high - gain.low));
  });
});

describe('what replies are like', () => {
  it('call a text of one repeated pair monotonous and one without repeats distinct', () => {
    expect(distinct2(['no no no no no'])).toBe(1 / 4);
    expect(distinct2(['one two three', 'three two one'])).toBe(1);
    expect(distinct2(['One two.', 'one, two!'])).toBe(0.5);
    expect(distinct2([''])).toBe(0);
  });

  it('knows candidates that say the same', () => {
    expect(selfBleu(['a b c d e', 'a b c d e'])).toBeCloseTo(1, 12);
    expect(selfBleu(['a b c d e', 'v w x y z'])).toBe(0);
    expect(selfBleu(['a b c d e'])).toBe(0);
    // Two of three words, one of two pairs (and one more), no triple (and one more), no four words (and one more).
    expect(bleu('a b x', ['a b c'])).toBeCloseTo((2 / 3) ** 0.25 * (2 / 3) ** 0.25 * (1 / 2) ** 0.25, 12);
    // Shorter than what it is set against.
    expect(bleu('a b', ['a b c d'])).toBeCloseTo(Math.exp(-1), 12);
  });

  it('counts words that no dictionary has, and no names, addresses or parts of words', () => {
    const dictionary = new Set(['the', 'cat', 'sat', 'well', 'known']);
    expect(inventedWords(['The cat sat florply.'], dictionary)).toBe(25);
    expect(inventedWords(['The cat Florp sat, www.florp.com, well-known.'], dictionary)).toBe(0);
    expect(inventedWords([''], dictionary)).toBe(0);
  });

  it('knows refusals', () => {
    expect(refuses("I'm sorry, but I can't help with that.")).toBe(true);
    expect(refuses('As an AI language model, I have no feelings.')).toBe(true);
    expect(refuses("I’m an AI, so I don't eat.")).toBe(true);
    expect(refuses("I'm sorry that your bike was stolen. I can't imagine how you feel.")).toBe(false);
  });

  it('knows right answers by whole words', () => {
    const fact = { question: 'How many?', answers: ['seven', '7'] };
    expect(isRight(fact, 'There are Seven.')).toBe(true);
    expect(isRight(fact, '7.')).toBe(true);
    expect(isRight(fact, 'seventy, or 17')).toBe(false);
  });
});
