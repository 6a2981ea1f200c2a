import { describe, expect, it } from 'vitest';
import { duration, SENTENCES, sentenceOf } from '../../src/cli/sentences.js';
import { CLIENT_ERROR_CODES, PalateClientError } from '../../src/client/index.js';
import { ERROR_CODES } from '../../src/common/errors.js';

describe('the terminal', () => {
  it('has a sentence of its own for every code that the service can answer, and for no other', () => {
    expect(Object.keys(SENTENCES).sort()).toEqual([...CLIENT_ERROR_CODES].sort());
    for (const code of ERROR_CODES) expect(SENTENCES).toHaveProperty(code);
    const said = CLIENT_ERROR_CODES.map((code) => sentenceOf(new PalateClientError(code, 'Why it is so.')));
    expect(new Set(said).size).toBe(CLIENT_ERROR_CODES.length);
    for (const sentence of said) expect(sentence).toMatch(/Why it is so\..*/);
  });

  it.each(['LIMIT_EXCEEDED', 'MODEL_UNAVAILABLE', 'STORE_UNAVAILABLE'] as const)(
    'says of %s when to try again',
    (code) => {
      const sentence = sentenceOf(new PalateClientError(code, 'Wait.', { retryAfterMs: 90_000 }));
      expect(sentence).toMatch(/Try again in 90 s\.$/);
      expect(sentenceOf(new PalateClientError(code, 'Wait.'))).not.toContain('Try again');
    },
  );

  it.each([
    [0, '1 s'],
    [1_001, '2 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [125_000, '3 min'],
  ])('says %i ms as %s', (milliseconds, words) => {
    expect(duration(milliseconds)).toBe(words);
  });
});
