import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import {
  layoutGrowing,
  layoutReplies,
  offerMessages,
  PLATFORM_LIMITS,
  splitText,
  UNICODE_REACTIONS,
} from '../../../bots/kit/index.js';
import { renderTable } from '../../../bots/kit/tables.js';
import { ENGLISH } from '../../../bots/kit/words/en.js';

const LIMIT = PLATFORM_LIMITS.discord.message;
const fences = (text: string) => text.split('\n').filter((line) => /^ {0,3}(```|~~~)/.test(line)).length;
const code = (lines: number, width = 30) =>
  ['```ts', ...Array.from({ length: lines }, (_, i) => `${i}`.padEnd(width, 'x')), '```'].join('\n');

describe('a text in pieces', () => {
  it('stays one where it fits', () => {
    expect(splitText('short', LIMIT)).toEqual(['short']);
    expect(splitText('x'.repeat(LIMIT), LIMIT)).toHaveLength(1);
    expect(splitText('', LIMIT)).toEqual(['']);
  });

  it('is cut behind sentences, then words, then characters', () => {
    const sentences = splitText(`${'One two three four. '.repeat(200)}`, LIMIT);
    for (const piece of sentences) expect(piece).toMatch(/^One .*four\.$/s);
    for (const piece of splitText('word '.repeat(900), LIMIT)) expect(piece).toMatch(/^(word ?)+$/);
    expect(splitText('x'.repeat(4_100), LIMIT).map((piece) => piece.length)).toEqual([2_000, 2_000, 100]);
    const japanese = splitText('これは文です。'.repeat(600), LIMIT);
    for (const piece of japanese) expect(piece.endsWith('。')).toBe(true);
  });

  it('never cuts a character that people see as one', () => {
    const family = '👩‍👩‍👧‍👦';
    const pieces = splitText(family.repeat(400), LIMIT);
    expect(pieces.join('')).toBe(family.repeat(400));
    for (const piece of pieces) expect(piece.replaceAll(family, '')).toBe('');
  });

  it('keeps a code block whole by putting it in the next message', () => {
    const text = `${'Before. '.repeat(200)}\n${code(20)}\nAfter.`;
    const pieces = splitText(text, LIMIT);
    expect(pieces).toHaveLength(2);
    expect(pieces[0]).not.toContain('```');
    expect(pieces[1]).toContain(code(20));
  });

  it('closes and opens a code block that no message holds, with its language', () => {
    const pieces = splitText(code(200), LIMIT);
    expect(pieces.length).toBeGreaterThan(3);
    for (const piece of pieces) {
      expect(piece.length).toBeLessThanOrEqual(LIMIT);
      expect(piece).toMatch(/^```ts\n[\s\S]*\n```$/);
    }
    const lines = pieces.flatMap((piece) => piece.split('\n').slice(1, -1));
    expect(lines).toEqual(code(200).split('\n').slice(1, -1));
  });

  it('closes a fence that the model left open, and leaves shorter fences inside it alone', () => {
    expect(splitText('Look:\n```js\nlet a', LIMIT)).toEqual(['Look:\n```js\nlet a\n```']);
    const nested = '````md\n```js\na\n```\n````';
    expect(splitText(nested, LIMIT)).toEqual([nested]);
  });

  it('holds for any text: no piece too long, every fence closed, every word there', () => {
    const line = fc.oneof(
      fc.constantFrom('```', '```ts', '~~~', '| a | b |', '|---|---|', '| 1 | 2 |', '', '- item'),
      fc.lorem({ maxCount: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 120 }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), fc.integer({ min: 64, max: 300 }), (lines, limit) => {
        const text = lines.join('\n');
        const pieces = splitText(text, limit);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(limit);
          expect(isClosed(piece)).toBe(true);
        }
        const words = (value: string) => value.match(/[a-z]{3,}/g) ?? [];
        const body = pieces.flatMap((piece) => piece.split('\n').filter((line) => !/^ {0,3}(```|~~~)/.test(line)));
        // A word can be cut in two only where nothing better is near: then its halves follow one another.
        const kept = body.join('').replaceAll(' ', '');
        expect(words(text.replaceAll(/^(```|~~~).*$/gm, '')).filter((word) => !kept.includes(word))).toEqual([]);
      }),
      { seed: 11, numRuns: 400 },
    );
  });
});

/** Whether every fence that a piece opens is closed in it. */
function isClosed(piece: string): boolean {
  let open: string | null = null;
  for (const line of piece.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (!mark) continue;
    if (open === null) open = mark[1];
    else if (mark[1].startsWith(open) && mark[2].trim() === '') open = null;
  }
  return open === null;
}

describe('replies in messages', () => {
  it('share one message where they fit, each under its letter', () => {
    const messages = layoutReplies(
      [
        { label: 'A', text: 'first' },
        { label: 'B', text: ' second\n' },
      ],
      LIMIT,
    );
    expect(messages).toEqual(['**A**\nfirst\n\n**B**\nsecond']);
  });

  it('take as many messages as they need, a reply beginning with its letter', () => {
    const messages = layoutReplies(
      [
        { label: 'A', text: 'a '.repeat(1_200) },
        { label: 'B', text: 'b '.repeat(900) },
      ],
      LIMIT,
    );
    expect(messages).toHaveLength(3);
    expect(messages[0]).toMatch(/^\*\*A\*\*\na/);
    expect(messages[2]).toMatch(/^\*\*B\*\*\nb/);
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(LIMIT);
  });

  it('fit one message of Slack that Discord needs eight for', () => {
    const replies = ['A', 'B'].map((label) => ({ label, text: 'Some words here. '.repeat(340) }));
    expect(layoutReplies(replies, PLATFORM_LIMITS.slack.block)).toHaveLength(1);
    expect(layoutReplies(replies, LIMIT).length).toBeGreaterThanOrEqual(6);
  });

  it('show an empty reply as one', () => {
    expect(layoutReplies([{ label: '', text: ' ' }], LIMIT)).toEqual(['…']);
  });

  it('end with the question, in a message of its own where there is no room', () => {
    const options = { words: ENGLISH, emojiMap: UNICODE_REACTIONS, limit: LIMIT, learning: true };
    const reply = (id: string, text: string) => ({ id, text, finishReason: 'STOP' as const });
    const short = offerMessages([reply('x', 'one'), reply('y', 'two')], ['y', 'x'], options);
    expect(short).toEqual(['**A**\ntwo\n\n**B**\none\n\nWhich one is better? 🤝 equally good, 🚫 none of them.']);
    const full = offerMessages([reply('x', 'x'.repeat(1_990))], ['x'], options);
    expect(full).toHaveLength(2);
    expect(full[1]).toBe('Was this a good reply?');
    expect(offerMessages([reply('x', 'one')], ['x'], { ...options, learning: false })).toEqual(['one']);
  });
});

describe('growing replies', () => {
  it('stay in one message, with closed fences, whatever has arrived', () => {
    const text = `Intro.\n${code(150)}\nThe end of it.`;
    for (let end = 0; end < text.length; end += 97) {
      const view = layoutGrowing(
        [
          { label: 'A', text: text.slice(0, end) },
          { label: 'B', text: 'short' },
        ],
        LIMIT,
      );
      expect(view.length).toBeLessThanOrEqual(LIMIT);
      expect(isClosed(view)).toBe(true);
      expect(view).toContain('**B**\nshort…');
    }
  });

  it('show the newest words of a long one', () => {
    const view = layoutGrowing([{ label: '', text: `${'old '.repeat(900)}newest` }], LIMIT);
    expect(view.endsWith('newest…')).toBe(true);
    expect(view.startsWith('…')).toBe(true);
  });
});

describe('a table', () => {
  it('has aligned columns in fixed width', () => {
    expect(renderTable(['| Name | Price |', '| :--- | ---: |', '| **Tea** | 2 |', '| Coffee | 12 |'])).toBe(
      ['```', 'Name    Price', '------  -----', 'Tea         2', 'Coffee     12', '```'].join('\n'),
    );
  });

  it('counts East Asian characters as two columns', () => {
    const [, header, , row] = renderTable(['| 名前 | x |', '|---|---|', '| あ | y |']).split('\n');
    expect(stringWidth(header)).toBe(stringWidth(row));
    expect(header.indexOf('x')).toBe(4);
  });

  it('becomes paragraphs where it is wider than a telephone', () => {
    const long = 'a sentence that needs room';
    const text = renderTable([
      '| Name | What it does |',
      '|---|---|',
      `| Tea | ${long} ${long} |`,
      `| Milk | ${long} |`,
    ]);
    expect(text).toBe(`**Name: Tea**\nWhat it does: ${long} ${long}\n\n**Name: Milk**\nWhat it does: ${long}`);
    expect(fences(text)).toBe(0);
  });

  it('is found inside a text and left alone inside code', () => {
    const table = '| a | b |\n|---|---|\n| 1 | 2 |';
    expect(splitText(`See:\n${table}\nDone.`, LIMIT)[0]).toContain('a  b\n-  -\n1  2');
    expect(splitText(`\`\`\`\n${table}\n\`\`\``, LIMIT)).toEqual([`\`\`\`\n${table}\n\`\`\``]);
    expect(splitText('a | b\nno table', LIMIT)).toEqual(['a | b\nno table']);
  });

  it('takes escaped bars as text', () => {
    expect(renderTable(['| a \\| b | c |', '|---|---|', '| 1 | 2 |'])).toContain('a | b  c');
  });
});
