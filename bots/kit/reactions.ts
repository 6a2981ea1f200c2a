/**
 * What each reaction and vote button means, in one table. Platforms name emoji differently; the meanings, the marks, are
 * the same everywhere.
 */
import type { Verdict } from '../../src/client/index.js';

/** The letters that replies are offered under, in the order they are shown; as many as a generation can have candidates. */
export const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'] as const;
export const MARKS = [...LETTERS, 'TIE', 'ALL_BAD', 'UP', 'DOWN', 'REGENERATE'] as const;

/** What a member says with one reaction or button. */
export type Mark = (typeof MARKS)[number];

/** A verdict in the service's terms. `candidate` is the id of the chosen or judged candidate; null for TIE and ALL_BAD. */
export interface Vote {
  verdict: Verdict;
  candidate: string | null;
}

/** For every mark the emoji that mean it; the first is the one the bot offers. */
export type EmojiMap = Readonly<Record<Mark, readonly string[]>>;

/** Unicode emoji, as Discord delivers them. */
export const UNICODE_REACTIONS: EmojiMap = {
  A: ['🇦', '🅰️'],
  B: ['🇧', '🅱️'],
  C: ['🇨'],
  D: ['🇩'],
  E: ['🇪'],
  F: ['🇫'],
  G: ['🇬'],
  H: ['🇭'],
  TIE: ['🤝', '⚖️'],
  ALL_BAD: ['🚫', '❌'],
  UP: ['👍', '❤️'],
  DOWN: ['👎'],
  REGENERATE: ['🔁', '🔄'],
};

/** Emoji by name, as Slack delivers them. */
export const NAMED_REACTIONS: EmojiMap = {
  A: ['a'],
  B: ['b'],
  C: ['three'],
  D: ['four'],
  E: ['five'],
  F: ['six'],
  G: ['seven'],
  H: ['eight'],
  TIE: ['handshake', 'scales'],
  ALL_BAD: ['no_entry_sign', 'x'],
  UP: ['+1', 'thumbsup', 'heart'],
  DOWN: ['-1', 'thumbsdown'],
  REGENERATE: ['repeat', 'arrows_counterclockwise'],
};

/**
 * The table with some marks' emoji replaced.
 * @throws Error that names the emoji which would mean two things, or the mark left without any
 */
export function emojiMapWith(defaults: EmojiMap, changes: Partial<Record<Mark, readonly string[]>> = {}): EmojiMap {
  const emojiMap = { ...defaults, ...changes };
  const owner = new Map<string, Mark>();
  for (const mark of MARKS) {
    if (emojiMap[mark].length === 0) throw new Error(`No emoji means ${mark}. Give it at least one.`);
    for (const emoji of emojiMap[mark]) {
      const key = normalizeEmoji(emoji);
      const other = owner.get(key);
      if (other !== undefined && other !== mark) {
        throw new Error(`The emoji ${emoji} means both ${other} and ${mark}. Give each its own.`);
      }
      owner.set(key, mark);
    }
  }
  return emojiMap;
}

/** The mark that an emoji means; null for one that means nothing here. */
export function markOf(emojiMap: EmojiMap, emoji: string): Mark | null {
  const key = normalizeEmoji(emoji);
  return MARKS.find((mark) => emojiMap[mark].some((known) => normalizeEmoji(known) === key)) ?? null;
}

/**
 * One form for all ways to write the same emoji: without skin tone and variation selector; a custom emoji
 * (`<:name:id>`, `<a:name:id>` or `name:id`) is its id, since its name can change.
 */
export function normalizeEmoji(emoji: string): string {
  const custom = /^<?(?:a?:)?\w+:(\d{5,})>?$/.exec(emoji);
  if (custom) return custom[1];
  return emoji
    .replace(/^:|:$/g, '')
    .replace(/::skin-tone-[2-6]$/, '')
    .replace(/[\u{1f3fb}-\u{1f3ff}\ufe0e\ufe0f]/gu, '');
}

/** The marks offered under so many replies, in order. */
export function offeredMarks(count: number): Mark[] {
  if (count < 2) return ['UP', 'DOWN', 'REGENERATE'];
  return [...LETTERS.slice(0, count), 'TIE', 'ALL_BAD', 'REGENERATE'];
}

/**
 * The vote that a mark is on these candidates (ids, as shown); null where it is none: a letter nobody offered, or an
 * action. A thumb on several replies speaks of all of them, a thumb on one of that one.
 */
export function voteOf(mark: Mark, candidates: readonly string[]): Vote | null {
  const several = candidates.length > 1;
  const only = candidates.at(0);
  switch (mark) {
    case 'REGENERATE':
      return null;
    case 'TIE':
      return several ? { verdict: 'TIE', candidate: null } : null;
    case 'ALL_BAD':
    case 'DOWN':
      return several ? { verdict: 'ALL_BAD', candidate: null } : judge('BAD', only);
    case 'UP':
      return several ? { verdict: 'TIE', candidate: null } : judge('GOOD', only);
    default: {
      const candidate = candidates[LETTERS.indexOf(mark)];
      return several && candidate !== undefined ? { verdict: 'CHOSEN', candidate } : null;
    }
  }
}

function judge(verdict: 'GOOD' | 'BAD', candidate: string | undefined): Vote | null {
  return candidate === undefined ? null : { verdict, candidate };
}

export function sameVote(a: Vote | null, b: Vote | null): boolean {
  return a?.verdict === b?.verdict && a?.candidate === b?.candidate;
}
