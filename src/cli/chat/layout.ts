/** Text on a grid of character cells: widths, wrapping, columns. Pure functions of their arguments. */
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Cells one grapheme takes: 0, 1 or 2. string-width takes a few signs apart and then counts more than a terminal shows. */
function cells(grapheme: string): number {
  return Math.min(2, stringWidth(grapheme));
}

/** Cells a text takes on a terminal, without its escape sequences. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += cells(segment);
  return width;
}

/** A model's text made safe to print: control characters, escape sequences among them, are gone; tabs are spaces. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '  ')
    .replaceAll(/\p{Cc}/gu, (character) => (character === '\n' ? '\n' : ''))
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** Lines of at most `width` cells, broken between words where there is a place to. Line breaks and indentation of the text stay. */
export function wrap(text: string, width: number): string[] {
  return printable(text)
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(2, width)));
}

function wrapLine(line: string, width: number): string[] {
  const words = line.trim();
  const indent = ' '.repeat(Math.min(line.indexOf(words), Math.floor(width / 2), width - 2));
  return wrapWords(words, width - indent.length).map((part) => indent + part);
}

/** Not wrap-ansi, which composes and decomposes letters, and then fills more cells than there are. */
function wrapWords(words: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  let used = 0;
  for (const word of words.split(/(?<= )(?=[^ ])/u)) {
    for (const piece of piecesOf(word, width)) {
      if (used + displayWidth(piece.trimEnd()) > width && current !== '') {
        lines.push(current.trimEnd());
        current = '';
        used = 0;
      }
      current += piece;
      used += displayWidth(piece);
    }
  }
  lines.push(current.trimEnd());
  return lines;
}

/** A word, cut where it is wider than a line. */
function piecesOf(word: string, width: number): string[] {
  if (displayWidth(word.trimEnd()) <= width) return [word];
  const pieces = [''];
  let used = 0;
  for (const { segment } of graphemes.segment(word)) {
    const segmentWidth = cells(segment);
    if (used + segmentWidth > width) {
      pieces.push('');
      used = 0;
    }
    pieces[pieces.length - 1] += segment;
    used += segmentWidth;
  }
  return pieces;
}

/** A text cut or filled up with spaces to exactly `width` cells. */
export function fill(text: string, width: number): string {
  let out = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const segmentWidth = cells(segment);
    if (used + segmentWidth > width) break;
    out += segment;
    used += segmentWidth;
  }
  return out + ' '.repeat(width - used);
}

/** Blocks of lines next to each other; each column is as wide as it says, `gap` stands between. Shorter blocks end in blanks. */
export function sideBySide(blocks: readonly (readonly string[])[], width: number, gap: string): string[] {
  const height = Math.max(0, ...blocks.map((block) => block.length));
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((block) => fill(block[row] ?? '', width))
      .join(gap)
      .trimEnd(),
  );
}
