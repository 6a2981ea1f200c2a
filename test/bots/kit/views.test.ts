import { describe, expect, it } from 'vitest';
import {
  action,
  asksConsent,
  consentAnswered,
  consentQuestion,
  consentView,
  continueButtons,
  decodeAction,
  encodeAction,
  isPassing,
  LANGUAGES,
  offerButtons,
  offerMessages,
  problemText,
  progressBar,
  retryDelay,
  type TasteMember,
  tasteView,
  UNICODE_REACTIONS,
  type View,
  wordsFor,
} from '../../../bots/kit/index.js';
import { ENGLISH } from '../../../bots/kit/words/en.js';
import type { Words } from '../../../bots/kit/words/words.js';

const labels = (view: View) => view.buttons.flat().map(({ label }) => label);

/** Every text of a language by its path; functions are called with samples. */
function textsOf(words: Words): Map<string, string> {
  const samples: Record<string, unknown[]> = {
    several: [{ tie: '#', allBad: '%' }],
    missingPermissions: [['X', 'Y'], 'Z'],
    historyLine: [3, 4, 'DATE', false],
    winRateValue: ['1', '2', '3', 4],
    modelValue: ['M', true],
    cut: ['X'],
    goOn: ['X'],
  };
  const texts = new Map<string, string>();
  const walk = (value: unknown, path: string) => {
    if (typeof value === 'string') texts.set(path, value);
    else if (typeof value === 'function') {
      texts.set(path, String(value(...(samples[path.split('.').at(-1) as string] ?? [7, 8]))));
    } else for (const [key, inner] of Object.entries(value ?? {})) walk(inner, path ? `${path}.${key}` : key);
  };
  walk(words, '');
  return texts;
}

describe('the words', () => {
  it.each([
    ['de', 'de'],
    ['ja', 'ja'],
    ['en-GB', 'en'],
    ['ja_JP', 'ja'],
    ['fr', 'en'],
    [undefined, 'en'],
  ])('for %s are in %s', (locale, tag) => expect(wordsFor(locale).tag).toBe(tag));

  it('say something of their own in every language, with the same facts in it', () => {
    const own = (words: Words) => new Map([...textsOf(words)].filter(([path]) => !path.startsWith('tune.prompts')));
    const [english, ...others] = LANGUAGES.map(own);
    for (const other of others) {
      expect([...other.keys()]).toEqual([...english.keys()]);
      for (const [path, text] of other) {
        expect(text.trim(), path).not.toBe('');
        expect(text, path).not.toBe(english.get(path));
        const facts = (value = '') =>
          path.startsWith('commands.') ? [] : (value.match(/\d+|#|%|\b[XYZM]\b|DATE/g) ?? []);
        expect(facts(text).sort(), path).toEqual(facts(english.get(path)).sort());
      }
    }
  });

  it('fit the menus and buttons of the platforms', () => {
    for (const words of LANGUAGES) {
      for (const text of [...Object.values(words.commands), ...Object.values(words.options)]) {
        expect(text.length).toBeLessThanOrEqual(100);
      }
      for (const row of offerButtons(4, words)) {
        expect(row.length).toBeLessThanOrEqual(5);
        for (const button of row) expect(button.label.length).toBeLessThanOrEqual(75);
      }
    }
  });
});

describe('replies that reached their longest', () => {
  const reply = (id: string, finishReason: 'LENGTH' | 'STOP' | 'CANCELLED', text = `text ${id}`) => ({
    id,
    text,
    finishReason,
  });
  const options = { words: ENGLISH, emojiMap: UNICODE_REACTIONS, limit: 2_000 };

  it.each([
    ['none', [reply('a', 'STOP'), reply('b', 'STOP')], true, null, []],
    [
      'one of two',
      [reply('a', 'STOP'), reply('b', 'LENGTH')],
      true,
      'Cut off at the longest length: B.',
      ['Continue B'],
    ],
    [
      'both',
      [reply('a', 'LENGTH'), reply('b', 'LENGTH')],
      true,
      'Cut off at the longest length: A, B.',
      ['Continue A', 'Continue B'],
    ],
    ['the only one', [reply('a', 'LENGTH')], false, 'Cut off at the longest length.', ['Continue']],
    ['one without text', [reply('a', 'LENGTH', ' ')], false, null, []],
    ['one that was stopped', [reply('a', 'CANCELLED')], false, null, []],
  ] as const)('say so and can be gone on with: %s', (_, replies, learning, says, buttons) => {
    const order = replies.map(({ id }) => id);
    const text = offerMessages(replies, order, { ...options, learning }).join('\n');
    if (says === null) expect(text).not.toContain('Cut off');
    else expect(text).toContain(says);
    expect(text.includes('Which one is better?')).toBe(learning);
    expect(
      continueButtons(replies, order, ENGLISH)
        .flat()
        .map(({ label }) => label),
    ).toEqual(buttons);
  });

  it('stand below their question, within the limit', () => {
    const replies = [reply('a', 'STOP', 'word '.repeat(400))];
    const messages = offerMessages(replies, ['a'], { ...options, learning: false, head: `> ${'q'.repeat(400)}` });
    expect(messages[0].startsWith('> qqq')).toBe(true);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(2_000);
  });
});

describe('an action', () => {
  it('comes back from a button as it went', () => {
    const all = [action('vote', 'A'), action('tune', 'none', 3), action('vote', 'a:b%')];
    for (const one of all) expect(decodeAction(encodeAction(one))).toEqual(one);
  });

  it.each(['', 'vote:A', 'palate:unknown', 'other:vote:A', 'palate:vote:%E0%A4'])('is none in %j', (text) => {
    expect(decodeAction(text)).toBeNull();
  });

  it('is refused where no button carries it', () => {
    expect(() => encodeAction(action('vote', 'x'.repeat(100)))).toThrow(RangeError);
  });
});

describe('consent', () => {
  it.each([
    [null, false, true],
    ['UNASKED', false, true],
    ['UNASKED', true, false],
    ['GRANTED', false, false],
    ['DENIED', false, false],
  ] as const)('of a member who is %s, asked before: %s, is asked for: %s', (learn, asked, asks) => {
    expect(asksConsent(learn && { consent: { learn, community: false } }, asked)).toBe(asks);
  });

  it('is asked before a tuning round with the reason for it, and leads there', () => {
    const view = consentQuestion(ENGLISH, 'tune');
    expect(view.text).toEqual([ENGLISH.tune.askFirst, ENGLISH.consent.question]);
    expect(view.buttons.flat().map(({ action: { arguments: args } }) => args)).toEqual([
      ['yes', 'tune'],
      ['no', 'tune'],
    ]);
  });

  it.each([
    [true, 'UNASKED', ENGLISH.consent.thanks],
    [true, 'DENIED', ENGLISH.consent.thanksAgain],
    [false, 'UNASKED', ENGLISH.consent.refused],
  ] as const)('answered with %s after %s says what becomes of earlier votes', (learn, before, sentence) => {
    expect(consentAnswered(learn, before, ENGLISH)).toBe(sentence);
  });

  it('is asked in one view and changed in another', () => {
    for (const words of LANGUAGES) {
      expect(labels(consentQuestion(words))).toEqual([words.consent.yes, words.consent.no]);
      expect(labels(consentView({ learn: 'DENIED', community: false }, words))).toEqual([
        words.consent.yes,
        words.consent.no,
      ]);
      const granted = consentView({ learn: 'GRANTED', community: true }, words);
      expect(granted.text).toEqual([words.consent.granted, words.consent.communityOn]);
      expect(labels(granted)).toEqual([words.consent.stopCommunity, words.consent.no]);
    }
  });
});

describe('the taste page', () => {
  const version = (number: number, accepted = true) => ({
    version: number,
    capacity: 'BIAS' as const,
    verdictCount: number * 2,
    pairCount: number * 2,
    accepted,
    createdAt: '2030-01-02T03:04:05.006Z',
  });
  const member: TasteMember = {
    encoder: {
      version: 4,
      capacity: 'BIAS',
      verdictCount: 8,
      pairCount: 8,
      updatedAt: '2030-01-02T03:04:05.006Z',
      versions: [version(5, false), version(4), version(3), version(2, false), version(1)],
    },
    winRate: { wins: 6, losses: 2, ties: 1, rate: 0.75, low: 0.41, high: 0.93 },
  } as TasteMember;

  it('says that nothing is learned yet', () => {
    expect(tasteView(null, ENGLISH).text).toEqual([ENGLISH.taste.nothing]);
    expect(labels(tasteView(null, ENGLISH))).toEqual(['Tune']);
  });

  it('shows version, win rate with its interval, and history', () => {
    const { fields } = tasteView(member, ENGLISH);
    expect(fields[0].value).toBe('4, from 8 votes');
    expect(fields[1].value).toBe('75% (41% to 93%) in 8 blind votes');
    expect(fields[2].value.split('\n')).toHaveLength(5);
    expect(fields[2].value).toContain('5: 10 votes, Jan 2, 2030 (not used)');
  });

  it('offers to go back to accepted versions before the one that serves, and to the beginning', () => {
    expect(labels(tasteView(member, ENGLISH))).toEqual([
      'Back to version 3',
      'Back to version 1',
      'Back to the start',
      'Tune',
      'Export',
      'Forget me',
    ]);
    for (const row of tasteView(member, ENGLISH).buttons) expect(row.length).toBeLessThanOrEqual(5);
  });
});

describe('a problem', () => {
  it('is a sentence that says what to do', () => {
    expect(problemText({ code: 'LIMIT_EXCEEDED', retryAfterMs: 1_200 }, ENGLISH)).toContain('in 2 seconds');
    expect(problemText({ code: 'LIMIT_EXCEEDED' }, ENGLISH)).toContain('in 5 seconds');
    expect(problemText({ code: 'INTERNAL' }, ENGLISH)).toBe(ENGLISH.problem.other);
  });

  it('passes or not', () => {
    expect(isPassing('UNREACHABLE')).toBe(true);
    expect(isPassing('STORE_UNAVAILABLE')).toBe(true);
    expect(isPassing('NOT_FOUND')).toBe(false);
    expect([0, 1, 2, 20].map((attempt) => retryDelay(attempt))).toEqual([500, 1_000, 2_000, 60_000]);
    expect(retryDelay(0, 9_000)).toBe(9_000);
  });
});

it('draws progress', () => {
  expect(progressBar(0, 10)).toBe('▱▱▱▱▱▱▱▱▱▱');
  expect(progressBar(3, 10)).toBe('▰▰▰▱▱▱▱▱▱▱');
  expect(progressBar(10, 10)).toBe('▰▰▰▰▰▰▰▰▰▰');
});
