import { describe, expect, it } from 'vitest';
import { PLUGIN_TIMES } from '../../src/common/config.js';
import { planRestart } from '../../src/common/restart.js';

describe('planRestart', () => {
  it.each([
    ['the first failure', 0, 0, { failures: 1, delay: 1_000 }],
    ['the second', 1, 500, { failures: 2, delay: 2_000 }],
    ['the fifth', 4, 59_999, { failures: 5, delay: 16_000 }],
    ['the hundredth', 99, 0, { failures: 100, delay: 300_000 }],
    ['one after a good while', 99, 60_000, { failures: 1, delay: 1_000 }],
  ])('%s', (_, failures, ranFor, expected) => {
    expect(planRestart(failures, ranFor, PLUGIN_TIMES)).toEqual(expected);
  });
});
