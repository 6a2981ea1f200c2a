/**
 * Replies laid out in messages that a platform takes: none longer than its limit, code blocks whole or closed and opened
 * again, tables readable. Lengths are UTF-16 units, the strictest way a platform could count.
 */
import { isTableStart, renderTable, tableEnd } from './tables.js';

/** The most one message carries, in characters. */
export interface PlatformLimits {
  /** Of one message. */
  message: number;
  /** Of one block of formatted text inside a message; equal to `message` where there are no blocks. */
  block: number;
}

/** Discord: 2,000 characters. Slack: 40,000 of plain text, of which its markdown blocks take 12,000 a message. */
export const PLATFORM_LIMITS = {
  discord: { message: 2_000, block: 2_000 },
  slack: { message: 40_000, block: 12_000 },
} as const satisfies Record<string, PlatformLimits>;

export interface ShownReply {
  /** What it is offered under; empty where there is only one. */
  label: string;
  text: string;
}

/** A stretch of a text that is kept together if it fits: a paragraph, a line, or a code block. */
interface Part {
  text: string;
  /** The line that opens the fence of a code block. */
  fence?: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const MORE = '…';

/** The replies as messages, in order. Each reply begins with its label; several share a message where they fit. */
export function layoutReplies(replies: readonly ShownReply[], limit: number): string[] {
  const texts = replies.map(({ label, text }) => {
    const body = text.trim() === '' ? MORE : text.trim();
    return splitText(label === '' ? body : `**${label}**\n${body}`, limit);
  });
  const messages: string[] = [];
  for (const pages of texts) {
    const last = messages.at(-1);
    if (last !== undefined && last.length + pages[0].length + 2 <= limit) {
      messages[messages.length - 1] = `${last}\n\n${pages[0]}`;
      messages.push(...pages.slice(1));
    } else {
      messages.push(...pages);
    }
  }
  return messages;
}

/** One message while the replies grow: every reply's newest part, in equal shares of the room. */
export function layoutGrowing(replies: readonly ShownReply[], limit: number): string {
  const gaps = 2 * (replies.length - 1);
  const share = Math.floor((limit - gaps) / Math.max(1, replies.length));
  return replies
    .map(({ label, text }) => {
      const head = label === '' ? '' : `**${label}**\n`;
      const whole = splitText(`${text.trim()}${MORE}`, Number.MAX_SAFE_INTEGER)[0];
      return head + (whole.length <= share - head.length ? whole : tail(text.trim(), share - head.length));
    })
    .join('\n\n');
}

/** A text as pieces of at most `limit` characters (at least 32), cut where it hurts least; every piece stands by itself. */
export function splitText(text: string, limit: number): string[] {
  const room = Math.max(32, limit);
  const pieces: string[] = [];
  let current = '';
  for (const part of partsOf(text)) {
    const joined = current === '' ? part.text : `${current}\n${part.text}`;
    if (joined.length <= room) {
      current = joined;
      continue;
    }
    // Little text before a part that fits nowhere, a label for example, stays with the part's beginning.
    const joins = current.length < room / 2 && (part.fence === undefined || part.text.length > room);
    const before = joins ? current : '';
    if (!joins && current.trim() !== '') pieces.push(current.trim());
    const cut = before === '' && part.text.length <= room ? [part.text] : cutPart(part, room, before);
    pieces.push(...cut.slice(0, -1));
    current = cut[cut.length - 1] ?? '';
  }
  if (current.trim() !== '' || pieces.length === 0) pieces.push(current.trim());
  return pieces;
}

/** The text's lines and blocks, tables rendered, fences closed. */
function partsOf(text: string): Part[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const parts: Part[] = [];
  for (let i = 0; i < lines.length; ) {
    const fence = FENCE.exec(lines[i]);
    if (fence) {
      const end = fenceEnd(lines, i, fence[1]);
      const body = lines.slice(i + 1, end);
      parts.push({ text: [lines[i].trim(), ...body, fence[1]].join('\n'), fence: lines[i].trim() });
      i = end + 1;
    } else if (isTableStart(lines, i)) {
      const end = tableEnd(lines, i);
      const table = renderTable(lines.slice(i, end));
      parts.push(table.startsWith('```') ? { text: table, fence: '```' } : { text: table });
      i = end;
    } else {
      parts.push({ text: lines[i] });
      i++;
    }
  }
  return parts;
}

/** The line that closes a fence; behind the last line where the model never closed it. */
function fenceEnd(lines: readonly string[], at: number, mark: string): number {
  for (let i = at + 1; i < lines.length; i++) {
    const line = lines[i].trim();
    if (line.startsWith(mark) && line.replaceAll(mark[0], '') === '') return i;
  }
  return lines.length;
}

/** A part in pieces, with the text that stands before it at the beginning of the first. */
function cutPart(part: Part, limit: number, before: string): string[] {
  if (part.fence === undefined) return cutProse(before === '' ? part.text : `${before}\n${part.text}`, limit);
  const mark = FENCE.exec(part.fence)?.[1] ?? '```';
  const opening = part.fence.length + mark.length + 2 <= limit / 2 ? part.fence : mark;
  const head = before === '' ? '' : `${before}\n`;
  const room = limit - opening.length - mark.length - 2;
  const pieces: string[] = [];
  let current: string | undefined;
  let left = room - head.length;
  const close = () => {
    if (current !== undefined) pieces.push(`${pieces.length === 0 ? head : ''}${opening}\n${current}\n${mark}`);
    current = undefined;
    left = room;
  };
  for (const line of part.text.split('\n').slice(1, -1)) {
    for (const piece of line.length <= room - head.length ? [line] : cutHard(line, room - head.length)) {
      if (current !== undefined && piece.length + 1 > left) close();
      left -= piece.length + (current === undefined ? 0 : 1);
      current = current === undefined ? piece : `${current}\n${piece}`;
    }
  }
  close();
  return pieces;
}

/** Prose cut behind a line, else a sentence, else a word, else a character. */
function cutProse(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > limit) {
    const end = cutPlace(rest, limit);
    pieces.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  if (rest !== '') pieces.push(rest);
  return pieces.filter((piece) => piece !== '');
}

function cutPlace(text: string, limit: number): number {
  const window = text.slice(0, limit);
  const line = window.lastIndexOf('\n');
  if (line > limit / 2) return line + 1;
  const sentence = Math.max(
    ...['. ', '! ', '? '].map((end) => window.lastIndexOf(end)),
    window.search(/[。！？][^。！？]*$/) - 1,
  );
  if (sentence > limit / 2) return sentence + 2;
  const word = window.lastIndexOf(' ');
  return word > limit / 4 ? word + 1 : characterEnd(text, limit);
}

function cutHard(text: string, limit: number): string[] {
  const pieces: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const end = rest.length <= limit ? rest.length : characterEnd(rest, limit);
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return pieces;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The last place at or before `limit` between two characters as people see them; at `limit` where one is longer. */
function characterEnd(text: string, limit: number): number {
  const from = Math.max(0, limit - 64);
  let end = 0;
  for (const { index } of graphemes.segment(text.slice(from, limit + 64))) {
    if (from + index > limit) break;
    end = from + index;
  }
  return end > 0 ? end : limit;
}

/** The end of a text that does not fit, with its code fence opened again where it is inside one. */
function tail(text: string, limit: number): string {
  for (let room = limit - 2 * MORE.length; room > 0; room -= 16) {
    const from = text.length - room;
    const start = text.slice(0, from);
    const open = openFence(start);
    const rest = text.slice(characterEnd(text, from)).replace(/^\S*\s/, '');
    const shown = splitText(`${MORE}${open === null ? '' : `\n${open}\n`}${rest}${MORE}`, Number.MAX_SAFE_INTEGER)[0];
    if (shown.length <= limit) return shown;
  }
  return MORE;
}

/** The fence that is open at the end of a text; null outside code blocks. */
function openFence(text: string): string | null {
  let open: string | null = null;
  for (const line of text.split('\n')) {
    const fence = FENCE.exec(line);
    if (!fence) continue;
    if (open === null) open = line.trim();
    else if (fence[2].trim() === '' && fence[1].startsWith(FENCE.exec(open)?.[1] ?? '```')) open = null;
  }
  return open;
}
