/** Markdown at its worst, and any text: the page shows it within bounds, and lets nothing of it do anything. */
import fc from 'fast-check';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { isReadable } from '../../src/console/ui/markdown-bounds.js';
import { MarkdownRendered } from '../../src/console/ui/markdown-rendered.js';

/** Null where the reader's own assertion fails, which it has while it is developed: the page then shows the text. */
function attempted(text: string): string | null {
  try {
    return rendered(text);
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_ASSERTION') return null;
    throw error;
  }
}

const rendered = (text: string) => renderToStaticMarkup(createElement(MarkdownRendered, { text }));

/** Elements within elements, at the deepest. */
function depthOf(html: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [, closing, name, own] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (own || name === 'hr' || name === 'br') continue;
    depth += closing ? -1 : 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

const repeated = (part: string, length: number) => part.repeat(Math.ceil(length / part.length)).slice(0, length);
const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** Each as long as asked for. */
const HOSTILE: readonly [string, (length: number) => string][] = [
  ['nested list marks', (n) => `${repeated('- ', n)}a`],
  ['nested numbers', (n) => `${repeated('1. ', n)}a`],
  ['nested marks of several kinds', (n) => `${repeated('- > 1) ', n)}a`],
  ['deep block quotes', (n) => repeated('>', n)],
  ['deep block quotes with lazy lines', (n) => `${'> '.repeat(20)}a\n${repeated('a\n', n)}`],
  ['lists that are nested by indentation', (n) => lines(Math.ceil(Math.sqrt(n)), (i) => `${'  '.repeat(i)}- a`)],
  ['numbers by the line', (n) => repeated(`${'1. '.repeat(16)}a\n`, n)],
  ['emphasis in emphasis', (n) => repeated('*a **b ', n)],
  ['emphasis without an end', (n) => repeated('**a', n)],
  ['underscores', (n) => repeated('_a__b ', n)],
  ['stars', (n) => repeated('*', n)],
  ['open brackets', (n) => repeated('[', n)],
  ['links in links', (n) => repeated('[a](', n)],
  ['thousands of links', (n) => repeated('[a](http://b.example) ', n)],
  ['thousands of addresses', (n) => repeated('www.a.example a.b@c.example ', n)],
  ['pictures', (n) => repeated('![a](http://b.example/c.png)', n)],
  ['a wide table', (n) => `|${repeated('a|', n / 3)}\n|${repeated('-|', n / 3)}\n${repeated('|a|b\n', n / 3)}`],
  ['a long table of missing cells', (n) => `|${'a|'.repeat(60)}\n|${'-|'.repeat(60)}\n${repeated('a\n', n)}`],
  ['one long line', (n) => repeated('a', n)],
  ['one long address', (n) => `http://${repeated('a', n)}`],
  ['empty lines', (n) => repeated('\n', n)],
  ['backticks of every length', (n) => lines(Math.ceil(Math.sqrt(2 * n)), (i) => '`'.repeat(i + 1))],
  ['fences', (n) => repeated('```\na\n', n)],
  ['HTML', (n) => repeated('<div><b>', n)],
  ['comments', (n) => repeated('<!--', n)],
  ['entities', (n) => repeated('&amp;', n)],
  ['footnotes', (n) => `${repeated('[^1]', n)}\n\n[^1]: ${repeated('a', 20)}`],
  ['definitions', (n) => repeated('[a]: b\n', n)],
  ['underlined headings', (n) => repeated('a\n=\n', n)],
  ['backslashes', (n) => repeated('\\', n)],
];

describe.each(HOSTILE)('%s', (_, write) => {
  it.each([300, 2_000, 12_000, 200_000])('of %i characters end nothing', (length) => {
    const text = write(length);
    if (!isReadable(text)) return;
    const html = rendered(text);
    expect(depthOf(html)).toBeLessThan(64);
    expect(html.length).toBeLessThan(40 * text.length + 1_000);
  });
});

it('shows any text, and lets nothing of it do anything', () => {
  const parts = [
    '- ',
    '> ',
    '1. ',
    '*',
    '_',
    '`',
    '[',
    '](',
    ')',
    '|',
    '\n',
    '\n\n',
    '    ',
    '<',
    '>',
    '![',
    '~~',
    'a',
    'שלום',
    '#key=x',
    'http://a.example',
    '&',
    '\\',
    '[^1]',
    '[ ] ',
    '\0',
    '\ud83d',
    '=',
  ];
  const text = fc.array(fc.constantFrom(...parts), { maxLength: 120 }).map((picked) => picked.join(''));
  fc.assert(
    fc.property(text, (written) => {
      if (!isReadable(written)) return;
      const html = attempted(written);
      if (html === null) return;
      expect(html).not.toMatch(/<(img|script|iframe|input|style|object)\b|\son\w+=|\ssrc=|\sid=/);
      for (const [, address] of html.matchAll(/href="([^"]*)"/g)) expect(address).toMatch(/^(https?:\/\/|mailto:)/i);
      expect(depthOf(html)).toBeLessThan(64);
    }),
    { numRuns: 1_000, seed: 7 },
  );
});
