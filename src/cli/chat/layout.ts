/** Text on a grid of character cells: widths, wrapping, columns. Pure functions of their arguments. */

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const INVISIBLE = /^(\p{M}|\p{Cf})+$/u;

/** Cells one grapheme takes: 0, 1 or 2. */
function cells(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Cells a text takes on a terminal; it holds no escape sequences. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += cells(segment);
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

/** Lines of at most `width` cells, broken between words where there is a place to. Line breaks of the text stay. */
export function wrap(text: string, width: number): string[] {
  return printable(text)
    .split('\n')
    .flatMap((line) => wrapLine(line, Math.max(2, width)));
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  let used = 0;
  for (const piece of line.split(/(?<= )(?=[^ ])/u)) {
    for (const part of pieces(piece, width)) {
      const partWidth = displayWidth(part.trimEnd());
      if (used + partWidth > width && current !== '') {
        lines.push(current.trimEnd());
        current = '';
        used = 0;
      }
      current += part;
      used += displayWidth(part);
    }
  }
  lines.push(current.trimEnd());
  return lines;
}

/** A word, cut where it is wider than a line. */
function pieces(word: string, width: number): string[] {
  if (displayWidth(word.trimEnd()) <= width) return [word];
  const parts: string[] = [''];
  let used = 0;
  for (const { segment } of graphemes.segment(word)) {
    const segmentWidth = cells(segment);
    if (used + segmentWidth > width) {
      parts.push('');
      used = 0;
    }
    parts[parts.length - 1] += segment;
    used += segmentWidth;
  }
  return parts;
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
