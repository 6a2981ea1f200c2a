import { describe, expect, it } from 'vitest';
import {
  action,
  asksConsent,
  choiceOf,
  consentAnswered,
  consentQuestion,
  consentView,
  continueButtons,
  decodeAction,
  encodeAction,
  generationsOf,
  isPassing,
  keepRound,
  LANGUAGES,
  offerButtons,
  offerMessages,
  PLATFORM_LIMITS,
  pending,
  problemText,
  progressBar,
  recallRound,
  retryDelay,
  startRound,
  stepRound,
  type TasteMember,
  type TuneEffect,
  type TuneRound,
  tasteView,
  tuneView,
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
    } else for (const [key, inner] of Object.entries(value as object)) walk(inner, path ? `${path}.${key}` : key);
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
    const [english, ...others] = LANGUAGES.map(textsOf);
    for (const other of others) {
      expect([...other.keys()]).toEqual([...english.keys()]);
      for (const [path, text] of other) {
        expect(text.trim(), path).not.toBe('');
        expect(text, path).not.toBe(english.get(path));
        const facts = (value = '') =>
          path.startsWith('commands.') ? [] : (value.match(/\d+|#|%|\b[XYZM]\b|DATE/g) ?? []);
        if (!path.startsWith('tune.prompts')) expect(facts(text).sort(), path).toEqual(facts(english.get(path)).sort());
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

describe('a tuning round', () => {
  const replies = (n: number) =>
    ['a', 'b', 'c', 'd'].map((letter) => ({ id: `${n}${letter}`, text: `reply ${letter} to ${n}` }));
  const sample = (text: string) => ({
    kind: 'compared' as const,
    sample: { generationId: text, text, version: text === 'after' ? 1 : 0 },
  });

  function play(round: TuneRound, words: Words, choice: (at: number) => number | 'none' | 'skip') {
    const effects: TuneEffect[] = [];
    const go = (event: Parameters<typeof stepRound>[1]) => {
      const result = stepRound(round, event, words);
      round = result.round;
      effects.push(...result.effects);
    };
    go(sample('before'));
    for (let at = 0; at < words.tune.prompts.length; at++) {
      go({ kind: 'written', generationId: `g${at}`, replies: replies(at) });
      go({ kind: 'chosen', at, choice: choice(at) });
    }
    go(sample('after'));
    return { round, effects };
  }

  it('asks ten prompts in the member’s language, sends a vote for each, and shows before and after', () => {
    for (const words of LANGUAGES) {
      expect(words.tune.prompts).toHaveLength(10);
      const { round, effects } = play(startRound(words).round, words, (at) => at % 4);
      const votes = effects.flatMap((effect) => (effect.kind === 'vote' ? [effect] : []));
      expect(votes).toHaveLength(10);
      expect(round).toMatchObject({ phase: 'done', done: 10, votes: 10 });
      const written = effects.flatMap((effect) => (effect.kind === 'write' ? [effect.prompt] : []));
      expect(written).toEqual(words.tune.prompts);
      expect(written).not.toContain(words.tune.heldOut);
      const text = tuneView(round, words, 2_000).text.join('\n');
      expect(text).toContain('before');
      expect(text).toContain('after');
    }
  });

  it.each([
    [0, 'before', 0, 'after', 'nothing from this round', false],
    [3, 'same', 3, 'same', 'nothing from this round', false],
    [0, 'same', 1, 'same', 'still answered the same', true],
    [0, 'before', 1, 'after', 'before and after', true],
  ])('from version %i (%s) to %i (%s) says: %s', (from, before, to, after, says, shows) => {
    const round = { ...startRound(ENGLISH).round, phase: 'done' as const, done: 10, votes: 10 };
    const at = (version: number, text: string) => ({ generationId: 'g', text, version });
    const text = tuneView({ ...round, before: at(from, before), after: at(to, after) }, ENGLISH, 2_000).text.join('\n');
    expect(text).toContain(says);
    expect(text.includes(`**After**\n${after}`)).toBe(shows);
    expect(text.includes('**Before**')).toBe(shows && before !== after);
  });

  it('takes the choice by what was shown, not by what came first', () => {
    let { round } = startRound(ENGLISH);
    round = stepRound(round, sample('before'), ENGLISH).round;
    round = stepRound(round, { kind: 'written', generationId: 'g0', replies: replies(0) }, ENGLISH).round;
    const { effects } = stepRound(round, { kind: 'chosen', at: 0, choice: 2 }, ENGLISH);
    expect(effects[0]).toEqual({
      kind: 'vote',
      generationId: 'g0',
      vote: { verdict: 'CHOSEN', candidate: round.replies[2].id },
    });
    const view = tuneView(round, ENGLISH, 2_000);
    expect(view.text.at(-1)).toContain(`**C**\n${round.replies[2].text}`);
  });

  it('counts no vote for a skipped prompt, and all bad for none', () => {
    const { round, effects } = play(startRound(ENGLISH).round, ENGLISH, (at) => (at < 4 ? 'skip' : 'none'));
    expect(round).toMatchObject({ phase: 'done', votes: 6 });
    const verdicts = effects.flatMap((effect) => (effect.kind === 'vote' ? [effect.vote.verdict] : []));
    expect(verdicts).toEqual(Array(6).fill('ALL_BAD'));
  });

  it('takes each press once, even when it is delivered twice or late', () => {
    let { round } = startRound(ENGLISH);
    round = stepRound(round, sample('before'), ENGLISH).round;
    round = stepRound(round, { kind: 'written', generationId: 'g0', replies: replies(0) }, ENGLISH).round;
    const first = stepRound(round, { kind: 'chosen', at: 0, choice: 1 }, ENGLISH);
    expect(stepRound(first.round, { kind: 'chosen', at: 0, choice: 1 }, ENGLISH).effects).toEqual([]);
    const next = stepRound(first.round, { kind: 'written', generationId: 'g1', replies: replies(1) }, ENGLISH);
    expect(stepRound(next.round, { kind: 'chosen', at: 0, choice: 1 }, ENGLISH).effects).toEqual([]);
    expect(stepRound(next.round, { kind: 'chosen', at: 1, choice: 7 }, ENGLISH).effects).toEqual([]);
  });

  it('is kept without texts and recalled with them at any point', () => {
    let { round } = startRound(ENGLISH);
    round = stepRound(round, sample('before'), ENGLISH).round;
    expect(pending(round, ENGLISH).map(({ kind }) => kind)).toEqual(['show', 'write']);
    round = stepRound(round, { kind: 'written', generationId: 'g0', replies: replies(0) }, ENGLISH).round;
    const kept = keepRound(round);
    expect(kept).not.toContain('reply');
    const bare = JSON.parse(kept) as TuneRound;
    expect(generationsOf(bare)).toEqual(['before', 'g0']);
    const texts = new Map([...replies(0).map(({ id, text }) => [id, text] as const), ['before', 'before'] as const]);
    expect(recallRound(bare, texts)).toEqual(round);
  });

  it('can be stopped, and the votes so far stand', () => {
    const { round } = stepRound(startRound(ENGLISH).round, { kind: 'chosen', at: 0, choice: 'stop' }, ENGLISH);
    expect(round.phase).toBe('stopped');
    expect(tuneView(round, ENGLISH, 2_000).text).toEqual(['Stopped before the first vote.']);
    expect(stepRound(round, { kind: 'chosen', at: 0, choice: 'stop' }, ENGLISH).effects).toEqual([]);
  });

  it('fits long replies into the message', () => {
    let { round } = startRound(ENGLISH);
    round = stepRound(round, sample('before'), ENGLISH).round;
    const long = replies(0).map((reply) => ({ ...reply, text: 'long words '.repeat(200) }));
    round = stepRound(round, { kind: 'written', generationId: 'g0', replies: long }, ENGLISH).round;
    const view = tuneView(round, ENGLISH, PLATFORM_LIMITS.discord.message);
    const text = view.text.join('\n\n');
    expect(text.length).toBeLessThanOrEqual(2_000);
    for (const letter of ['A', 'B', 'C', 'D']) expect(text).toContain(`**${letter}**`);
  });

  it.each([
    [['A', '0'], { at: 0, choice: 0 }],
    [['skip', '3'], { at: 3, choice: 'skip' }],
    [['start'], null],
    [['A', '-1'], null],
    [['Z', '1'], null],
  ])('reads %j from a button as %j', (args, expected) => expect(choiceOf(args)).toEqual(expected));
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
