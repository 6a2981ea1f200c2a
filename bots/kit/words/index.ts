/** The bot's own words by language. */
import { GERMAN } from './de.js';
import { ENGLISH } from './en.js';
import { JAPANESE } from './ja.js';
import type { Words } from './words.js';

export { COMMAND_NAMES, type CommandName, OPTION_NAMES, type OptionName, type Words } from './words.js';

export const LANGUAGES: readonly Words[] = [ENGLISH, GERMAN, JAPANESE];

/** The words for a locale as platforms name it (`de`, `en-GB`, `ja_JP`); English where there are none. */
export function wordsFor(locale: string | null | undefined): Words {
  const language = typeof locale === 'string' ? locale.toLowerCase().split(/[-_]/)[0] : undefined;
  return LANGUAGES.find((words) => words.tag === language) ?? ENGLISH;
}
