/** Whatever a model writes is shown: as Markdown within bounds, else as the text it is, and never as a page of its own. */
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { isReadable } from '../../src/console/ui/markdown-bounds.js';
import { MarkdownRendered } from '../../src/console/ui/markdown-rendered.js';

const rendered = (text: string) => renderToStaticMarkup(createElement(MarkdownRendered, { text }));

it('shows a thousand nested list marks as the text they are', () => {
  for (const mark of ['- ', '* ', '+ ', '1. ', '1) ', '> ', '>', '- > '])
    expect(isReadable(`${mark.repeat(1_000)}a`)).toBe(false);
});

it('reads what models usually write', () => {
  const usual = [
    '# Bread\n\n1. **Mix** the flour.\n   - wheat\n     - fine\n2. _Wait._\n\n> A quote\n> > in a quote\n',
    `| a | b | c |\n|---|---|---|\n${'| 1 | 2 | 3 |\n'.repeat(60)}`,
    `\`\`\`js\n${'const a = [1, 2, 3].map((x) => x * 2);\n'.repeat(150)}\`\`\``,
    `${'A sentence of a long answer, with *some* emphasis. '.repeat(150)}`,
  ];
  for (const text of usual) expect(isReadable(text)).toBe(true);
  const html = usual.map(rendered);
  expect(html[0]).toContain('<h3 dir="auto">Bread</h3>');
  expect(html[0]).toContain('<strong>Mix</strong>');
  expect(html[1].match(/<tr>/g)).toHaveLength(61);
});

it('keeps what is nested too deep as it was written', () => {
  const html = rendered(`${'> '.repeat(14)}deep *down*`);
  expect(html.match(/<blockquote/g)).toHaveLength(10);
  expect(html).toContain('deep *down*');
});

it.each([
  ['[a](javascript:alert(1))'],
  ['[a](#key=palate_admin_stolen)'],
  ['[a](/#token=a.b.c)'],
  ['[a](data:text/html,x)'],
  ['[a](//evil.example)'],
  ['[a][b]\n\n[b]: ./x'],
])('makes no link of %s', (text) => {
  expect(rendered(text)).not.toContain('<a');
});

it('makes links to elsewhere, pictures their words, boxes signs, and notes what was written', () => {
  expect(rendered('[a](https://b.example/)')).toBe(
    '<p dir="auto"><a href="https://b.example/" target="_blank" rel="noopener noreferrer nofollow">a</a></p>',
  );
  expect(rendered('![a cat](https://b.example/c.png)')).toBe('<p dir="auto"><em>a cat</em></p>');
  expect(rendered('- [x] done\n- [ ] open')).toMatch(/☑ done.*☐ open/s);
  expect(rendered('a[^1]\n\n[^1]: note')).toContain('[^1]: note');
});

it('lets every block run in the direction of its own words', () => {
  const html = rendered('שלום\n\n- אחת\n\n> مرحبا\n\n# 你好\n\n| א |\n|---|\n| b |\n\n```\nx\n```');
  for (const tag of ['p', 'ul', 'blockquote', 'h3', 'table', 'pre'])
    expect(html).toMatch(new RegExp(`<${tag}[^>]* dir="auto"`));
});
