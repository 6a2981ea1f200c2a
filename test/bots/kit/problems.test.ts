/** Whatever the service answers, every bot has a sentence for it in every language. */
import { describe, expect, it } from 'vitest';
import { isPassing, LANGUAGES, type Problem, problemText } from '../../../bots/kit/index.js';
import { slackWords } from '../../../bots/slack/words.js';
import { CLIENT_ERROR_CODES, type ClientErrorCode } from '../../../src/client/index.js';
import { ERROR_CODES } from '../../../src/common/errors.js';

const every = CLIENT_ERROR_CODES.flatMap((code) =>
  LANGUAGES.flatMap((words) => [
    { code, tag: words.tag, words },
    { code, tag: `${words.tag} on Slack`, words: slackWords(words.tag) },
  ]),
);
const said = (problem: Problem, words = LANGUAGES[0]) => problemText(problem, words);

it('the codes that clients know are those of the service, and one for a service that is away', () => {
  expect([...CLIENT_ERROR_CODES].sort()).toEqual([...ERROR_CODES, 'UNREACHABLE'].sort());
});

describe.each(every)('$code, $tag', ({ code, words }) => {
  it.each<[string, Omit<Problem, 'code'>]>([
    ['alone', {}],
    ['with all that may come with it', { message: 'prompt contains U+0000.', retryAfterMs: 1_200, maximum: 8_000 }],
    ['with a long wait', { retryAfterMs: 7_200_000 }],
  ])('has a sentence %s', (_, details) => {
    const sentence = said({ code, ...details }, words);
    expect(sentence).toMatch(/[.。]$/);
    expect(sentence).not.toMatch(/undefined|null|NaN|Infinity/);
    expect(sentence.length).toBeLessThan(200);
  });

  it('has one of its own', () => {
    const others = CLIENT_ERROR_CODES.filter((other) => other !== code).map((other) => said({ code: other }, words));
    expect(others).not.toContain(said({ code }, words));
  });
});

it('says how long a text may be, how long to wait, and what the service found', () => {
  for (const words of LANGUAGES) {
    expect(said({ code: 'TOO_LONG', maximum: 8_000 }, words)).toContain('8000');
    for (const code of ['LIMIT_EXCEEDED', 'MODEL_UNAVAILABLE', 'STORE_UNAVAILABLE'] as const) {
      expect(said({ code, retryAfterMs: 41_200 }, words)).toContain('42');
      expect(said({ code, retryAfterMs: 600_000 }, words)).toContain('10');
    }
    expect(said({ code: 'BAD_USER_INPUT', message: 'prompt is odd.' }, words)).toContain('prompt is odd.');
  }
});

it('keeps votes for another time exactly where that helps', () => {
  const passing: ClientErrorCode[] = ['UNAUTHENTICATED', 'LIMIT_EXCEEDED', 'MODEL_UNAVAILABLE', 'STORE_UNAVAILABLE'];
  const expected = [...passing, 'CANCELLED', 'INTERNAL', 'UNREACHABLE'];
  expect(CLIENT_ERROR_CODES.filter(isPassing).sort()).toEqual(expected.sort());
});
