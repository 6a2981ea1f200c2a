/** The small pure parts of the page: credentials, storage, routes, keys, sentences, moments, lengths and directions. */
import { describe, expect, it } from 'vitest';
import { CLIENT_ERROR_CODES, PalateClientError } from '../../src/client/index.js';
import { lengthsWithin, lengthWords, ReplyLength } from '../../src/console/chat/length.js';
import { numbersOf, wordsOf } from '../../src/console/chat/training-line.js';
import { waitingWords } from '../../src/console/chat/waiting-line.js';
import { pageOf } from '../../src/console/route.js';
import { next } from '../../src/console/session/connection.js';
import { readFragment, readPasted, takeCredential } from '../../src/console/session/credential.js';
import { type Kept, keptIn } from '../../src/console/session/kept.js';
import { mayPass, problemOf, SENTENCES } from '../../src/console/session/problem.js';
import { leaning, nameOfDirection, shownDirections } from '../../src/console/taste/directions.js';
import { summaryOf } from '../../src/console/taste/taste-words.js';
import { isComposing, isPlain, sends } from '../../src/console/ui/keys.js';
import { LOCALE, mendLanguage } from '../../src/console/ui/locale.js';
import { ago, counted, moment, span, waiting } from '../../src/console/ui/time.js';

const shelf = () => {
  const rows = new Map<string, string>();
  return {
    getItem: (name: string) => rows.get(name) ?? null,
    setItem: (name: string, text: string) => void rows.set(name, text),
    removeItem: (name: string) => void rows.delete(name),
    clear: () => rows.clear(),
  };
};

describe('what the browser keeps', () => {
  const forbidden = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  const full = () => ({ ...shelf(), setItem: forbidden });
  const broken = () => ({ getItem: forbidden, setItem: forbidden, removeItem: forbidden, clear: forbidden });

  it('is there for the next page', () => {
    const rows = shelf();
    expect(keptIn(() => rows).write('a', '1')).toBe(true);
    expect(keptIn(() => rows).read('a')).toBe('1');
  });

  it.each([
    ['forbidden', forbidden],
    ['missing', () => null],
    ['full', () => full()],
    ['broken', () => broken()],
  ])('is remembered by the page where storage is %s', (_, find) => {
    const kept = keptIn(find);
    expect(kept.write('a', '1')).toBe(false);
    expect([kept.read('a'), kept.read('b')]).toEqual(['1', null]);
    kept.clear();
    expect(kept.read('a')).toBeNull();
  });

  it('is the newest that the page knows, also when an older one could not be replaced', () => {
    const rows = shelf();
    let room = true;
    const kept = keptIn(() => (room ? rows : { ...rows, setItem: forbidden }));
    kept.write('a', 'old');
    room = false;
    kept.write('a', 'new');
    expect(kept.read('a')).toBe('new');
    room = true;
    expect(kept.write('a', 'newest')).toBe(true);
    expect([kept.read('a'), rows.getItem('a')]).toEqual(['newest', 'newest']);
  });
});

describe('a credential', () => {
  const past = (addresses: unknown[]) => ({
    replaceState: (_: unknown, __: string, address?: string | URL | null) => void addresses.push(address),
  });

  it('is taken out of the address, kept for the tab, and another one clears what the tab had', () => {
    const kept: Kept = keptIn(shelfOnce());
    kept.write('palate.conversation/web//admin', '[]');
    const addresses: unknown[] = [];
    const place = { hash: '#token=a.b.c', pathname: '/', search: '?x' };
    expect(takeCredential(place, past(addresses), kept)).toEqual({ kind: 'token', secret: 'a.b.c' });
    expect(addresses).toEqual(['/?x']);
    expect(kept.read('palate.conversation/web//admin')).toBeNull();
    const known = { kind: 'token', secret: 'a.b.c' };
    expect(takeCredential({ ...place, hash: '#/taste' }, past(addresses), kept)).toEqual(known);
    expect(addresses).toHaveLength(1);
    expect(takeCredential({ ...place, hash: '' }, past([]), keptIn(shelfOnce()))).toBeNull();
  });

  it('leaves the address also where the history may not be changed, and lets in where nothing may be kept', () => {
    const place = { hash: '#key=abc', pathname: '/', search: '' };
    const refusing = {
      replaceState: () => {
        throw new DOMException('too many', 'SecurityError');
      },
    };
    expect(
      takeCredential(
        place,
        refusing,
        keptIn(() => null),
      ),
    ).toEqual({ kind: 'key', secret: 'abc' });
    expect(place.hash).toBe('');
  });

  it.each([
    ['palate_admin_abc', { kind: 'key', secret: 'palate_admin_abc' }],
    [' a.b.c ', { kind: 'token', secret: 'a.b.c' }],
    ['http://localhost:4000/#key=abc', { kind: 'key', secret: 'abc' }],
    ['https://p.example/x/#token=a.b.c', { kind: 'token', secret: 'a.b.c' }],
    ['http://localhost:4000/#/chat', null],
    ['two words', null],
    ['', null],
  ])('is read from %j', (text, credential) => {
    expect(readPasted(text)).toEqual(credential);
  });

  it.each(['', '#', '#/chat', '#key=', '#other=abc', '#key'])('is not %j', (fragment) => {
    expect(readFragment(fragment)).toBeNull();
  });
});

function shelfOnce() {
  const rows = shelf();
  return () => rows;
}

it.each([
  ['', 'chat'],
  ['#', 'chat'],
  ['#/', 'chat'],
  ['#/taste', 'taste'],
  ['#/setup/keys', 'setup'],
  ['#/live?x', 'live'],
  ['#/nowhere', null],
  ['#/Taste ', null],
  ['#user-content-fn-1', null],
])('shows for %j the page %s', (fragment, page) => {
  expect(pageOf(fragment)).toBe(page);
});

it.each([
  ['CONNECTING', true, 'CONNECTED'],
  ['CONNECTING', false, 'LOST'],
  ['CONNECTED', false, 'LOST'],
  ['LOST', false, 'LOST'],
  ['LOST', true, 'BACK'],
  ['BACK', true, 'BACK'],
  ['BACK', false, 'LOST'],
] as const)('is %s, and with a connection that is open: %s, it is %s', (state, open, expected) => {
  expect(next(state, open)).toBe(expected);
});

describe('a key', () => {
  const pressed = (change: Partial<Parameters<typeof sends>[0]> = {}) => ({
    key: 'Enter',
    keyCode: 13,
    isComposing: false,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...change,
  });

  it.each([
    ['Enter', {}, true, false],
    ['Shift and Enter', { shiftKey: true }, false, false],
    ['Alt and Enter', { altKey: true }, false, false],
    ['Control and Enter', { ctrlKey: true }, true, true],
    ['Command and Enter', { metaKey: true }, true, true],
    ['the Enter that ends a composition', { isComposing: true }, false, false],
    ['the Enter that ends a composition in Safari', { keyCode: 229 }, false, false],
    ['a letter', { key: 'a', keyCode: 65 }, false, false],
  ])('%s sends with a keyboard: %s', (_, change, keyboard, touch) => {
    expect([sends(pressed(change), false), sends(pressed(change), true)]).toEqual([keyboard, touch]);
  });

  it('that an input method takes chooses nothing', () => {
    expect(isPlain(pressed({ key: '1', keyCode: 49 }))).toBe(true);
    for (const change of [{ keyCode: 229 }, { isComposing: true }]) {
      expect([isPlain(pressed(change)), isComposing(pressed(change))]).toEqual([false, true]);
    }
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      expect(isPlain(pressed(held))).toBe(false);
    }
  });
});

describe('the sentence for a failure', () => {
  const of = (code: (typeof CLIENT_ERROR_CODES)[number], retryAfterMs?: number) =>
    problemOf(new PalateClientError(code, 'The service’s own words.', { retryAfterMs }));

  it('is there for every code that can be answered, and each is another one', () => {
    expect(Object.keys(SENTENCES).sort()).toEqual([...CLIENT_ERROR_CODES].sort());
    const said = CLIENT_ERROR_CODES.map((code) => of(code));
    expect(new Set(said).size).toBe(CLIENT_ERROR_CODES.length);
    for (const sentence of said) expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it('says when to try again', () => {
    expect(of('LIMIT_EXCEEDED', 150_000)).toContain('in about 3 minutes');
    expect(of('STORE_UNAVAILABLE', 5_000)).toContain('in about 5 seconds');
    expect(of('STORE_UNAVAILABLE')).toContain('in a moment');
  });

  it('keeps the words of the service where they say what to do', () => {
    for (const code of ['TOO_LONG', 'BAD_USER_INPUT', 'CONFLICT', 'MODEL_UNAVAILABLE'] as const) {
      expect(of(code)).toContain('The service’s own words.');
    }
    expect(problemOf(new TypeError('x is not a function'))).toContain('fault');
  });

  it('ends the visit only where another try changes nothing', () => {
    const passing = CLIENT_ERROR_CODES.filter((code) => mayPass(new PalateClientError(code, '')));
    expect(CLIENT_ERROR_CODES.filter((code) => !passing.includes(code))).toEqual(['UNAUTHENTICATED', 'FORBIDDEN']);
    expect(mayPass(new Error('a fault of the page'))).toBe(false);
  });
});

describe('moments and spans', () => {
  it('are said in words', () => {
    const now = Date.parse('2030-01-02T00:00:00Z');
    expect(ago('2030-01-01T23:58:00Z', now)).toBe('2 minutes ago');
    expect(ago('2030-01-01T00:00:00Z', now)).toBe('yesterday');
    expect(ago('2030-01-04T00:00:00Z', now)).toBe('in 2 days');
    expect([span(62.4), span(1_437)]).toEqual(['62 ms', '1.4 s']);
    expect(moment('no moment')).toBe('no moment');
  });

  it.each([
    [0, 'in a moment'],
    [1_400, 'in a moment'],
    [3_200, 'in about 4 seconds'],
    [41_000, 'in about 45 seconds'],
    [89_000, 'in about 90 seconds'],
    [90_000, 'in about 2 minutes'],
    [600_000, 'in about 10 minutes'],
  ])('a wait of %i ms ends %s', (milliseconds, words) => {
    expect(waiting(milliseconds)).toBe(words);
  });

  it('take a language that can be used, and mend one that the browser itself refuses', () => {
    expect(() => new Date().toLocaleString(LOCALE)).not.toThrow();
    for (const language of ['en-US@posix', 'C', '', 'de_DE.UTF-8']) {
      const browser = { language } as Navigator;
      mendLanguage(browser);
      expect(() => new Intl.NumberFormat(browser.language)).not.toThrow();
    }
    const german = { language: 'de-AT' } as Navigator;
    mendLanguage(german);
    expect(german.language).toBe('de-AT');
  });
});

it.each([
  [{ ahead: 0, estimatedWaitMs: 3_000 }, 'You are next. It is answered in about 3 seconds.'],
  [{ ahead: 1, estimatedWaitMs: 9_000 }, 'One question is before yours. It is answered in about 9 seconds.'],
  [{ ahead: 12, estimatedWaitMs: 200_000 }, '12 questions are before yours. It is answered in about 4 minutes.'],
  ['AWAY' as const, 'The connection is lost. It goes on as soon as Palate answers again.'],
])('says of %j: %s', (waiting, words) => {
  expect(waitingWords(waiting)).toBe(words);
});

describe('the length of replies', () => {
  it.each([
    [128, 1_024, [64, 128, 256, 512, 1_024]],
    [128, 200, [64, 128, 200]],
    [128, 128, [64, 128]],
    [300, 100, [100]],
    [1, 1, [1]],
  ])('usually %i tokens and at most %i is one of %j', (replyTokens, replyTokensMaximum, lengths) => {
    expect(lengthsWithin({ replyTokens, replyTokensMaximum })).toEqual(lengths);
  });

  it('is said in words', () => {
    expect([64, 128, 1_024, 8].map(lengthWords)).toEqual([
      'about 50 words',
      'about 100 words',
      'about 750 words',
      'about 5 words',
    ]);
  });

  it('is kept, and is the usual one where what was kept is not allowed any more', () => {
    const rows = shelfOnce();
    const limits = { replyTokens: 128, replyTokensMaximum: 1_024 };
    const length = new ReplyLength(limits, keptIn(rows));
    expect(length.tokens.get()).toBe(128);
    length.choose(512);
    expect(new ReplyLength(limits, keptIn(rows)).tokens.get()).toBe(512);
    expect(new ReplyLength({ ...limits, replyTokensMaximum: 256 }, keptIn(rows)).tokens.get()).toBe(128);
  });
});

describe('a direction of taste', () => {
  it('has the same name and place whatever the taste is', () => {
    const before = shownDirections(
      [
        { index: 4, value: 2.1 },
        { index: 0, value: -1.4 },
        { index: 9, value: 1 },
      ],
      [],
    );
    const after = shownDirections(
      [
        { index: 0, value: -1.5 },
        { index: 9, value: 1.2 },
        { index: 4, value: 0.4 },
      ],
      [],
    );
    expect(before.map(({ index }) => nameOfDirection(index))).toEqual(['Direction 1', 'Direction 5', 'Direction 10']);
    expect(after.map(({ index }) => index)).toEqual(before.map(({ index }) => index));
  });

  it('stays while it is moved, also when others have become stronger', () => {
    expect(shownDirections([{ index: 3, value: 1 }], [7]).map(({ index }) => index)).toEqual([3, 7]);
  });

  it('says how the taste leans', () => {
    expect([0.1, -0.6, 1.5, -3, Number.NaN].map(leaning)).toEqual([
      'your taste: in the middle',
      'your taste: a little to the left',
      'your taste: clearly to the right',
      'your taste: far to the left',
      '',
    ]);
  });
});

it('says what was learned without figures, which are behind a detail', () => {
  const job = {
    id: 'j',
    status: 'SUCCEEDED' as const,
    step: 10,
    totalSteps: 10,
    loss: 0.0449,
    accuracy: 1,
    pairCount: 2,
    encoderVersion: 3,
    durationMs: 62,
    error: null,
    attempts: 1,
    nextAttemptAt: null,
    createdAt: '2030-01-01T00:00:00.000Z',
    member: { id: 'm' },
  };
  expect(wordsOf(job)).toBe('Learned in 62 ms from 2 comparisons: version 2 → 3');
  expect(wordsOf({ ...job, status: 'RUNNING', step: 4 })).toBe('Learning from your choice… 40 %');
  expect(wordsOf({ ...job, pairCount: 0, step: 0, totalSteps: 0 })).toBe(
    'Nothing is learned from your choices any more: version 3 is your taste as it began.',
  );
  expect(numbersOf(job)).toBe('10 of 10 steps, loss 0.045, 100 % of the comparisons in order');
});

it('counts one in the singular', () => {
  expect([0, 1, 2, 1_024].map((number) => counted(number, 'reply', 'replies'))).toEqual([
    '0 replies',
    '1 reply',
    '2 replies',
    '1,024 replies',
  ]);
  expect(counted(1, 'choice')).toBe('1 choice');
});

it('says how much was learned, also of one choice, of none that is left, and of a taste from elsewhere', () => {
  const words = (version: number, capacity: 'PRIOR' | 'BIAS', verdictCount: number) =>
    summaryOf({ version, capacity, verdictCount });
  expect(words(0, 'PRIOR', 0)).toBe('Nothing is learned yet. Every choice between two replies teaches.');
  expect(words(1, 'BIAS', 1)).toBe('Version 1, learned from 1 choice.');
  expect(words(2, 'PRIOR', 0)).toBe('Nothing is learned any more. Every choice between two replies teaches.');
  expect(words(3, 'BIAS', 0)).toBe('Version 3, the taste that you brought along.');
});
