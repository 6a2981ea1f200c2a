/** Variables that look like settings and are none: whoever set one believes that it works. */
import { RESERVED, VARIABLES } from './config.js';

/** Variables that other commands than `start` read. */
const OTHERS = ['PALATE_URL'];
/** Refused by name where the settings are read. */
const REFUSED = Object.values(RESERVED).map(({ variable }): string => variable);
/** What begins like this belongs to a plugin, which knows its names. */
export const PLUGIN_PREFIX = 'PALATE_PLUGIN_';
const PREFIX = 'PALATE_';

export interface UnknownVariable {
  name: string;
  /** The setting that was most likely meant. */
  meant?: string;
}

/** Those that are set and that nobody reads, plugins' aside; in order of name. */
export function unknownVariables(environment: Readonly<Record<string, string | undefined>>): UnknownVariable[] {
  const known = [...Object.values(VARIABLES).filter((name) => name.startsWith(PREFIX)), ...OTHERS];
  return Object.keys(environment)
    .filter((name) => environment[name] && name.startsWith(PREFIX) && !name.startsWith(PLUGIN_PREFIX))
    .filter((name) => !known.includes(name) && !REFUSED.includes(name))
    .sort()
    .map((name) => ({ name, meant: nearest(name, known) }));
}

/** The one that can be typed into the other with few mistakes, underscores not counted. All of them begin with `prefix`. */
export function nearest(name: string, known: readonly string[], prefix = PREFIX): string | undefined {
  const bare = (text: string) => text.slice(prefix.length).replaceAll('_', '').toUpperCase();
  const typed = bare(name);
  const [best] = known
    .map((candidate) => ({ candidate, mistakes: distance(typed, bare(candidate)) }))
    .sort((one, other) => one.mistakes - other.mistakes);
  return best && best.mistakes <= Math.max(2, typed.length / 3) ? best.candidate : undefined;
}

/** Levenshtein's distance: characters to put in, take out or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[to.length];
}
