/**
 * What the bot shows besides replies, without a word of any platform's: a few texts, fields and buttons. Each platform
 * draws it with its own parts.
 */
import type { DescribedPicture } from './map-picture.js';

export type ButtonStyle = 'plain' | 'primary' | 'danger';

export interface Button {
  /** What pressing it does; comes back as it is. */
  action: Action;
  label: string;
  style?: ButtonStyle;
  disabled?: boolean;
}

export interface View {
  title: string;
  /** Paragraphs. */
  text: readonly string[];
  fields: readonly { name: string; value: string }[];
  /** Rows of buttons, at most five in a row. */
  buttons: readonly (readonly Button[])[];
  /** A page in the browser, behind a button of its own below the others. */
  link?: { label: string; url: string };
  /** A picture below the text, on platforms that draw one. */
  picture?: DescribedPicture;
  /** A file to hand over with it. */
  file?: { name: string; text: string };
}

export const ROW_BUTTONS = 5;

/** A button's meaning: a verb and its arguments. */
export interface Action {
  verb: Verb;
  arguments: readonly string[];
}

export const VERBS = [
  'vote',
  'stop',
  'continue',
  'consent',
  'community',
  'taste',
  'undo',
  'forget',
  'export',
  'tune',
] as const;
export type Verb = (typeof VERBS)[number];

const PREFIX = 'palate';
/** The shortest identifier that a platform's buttons carry: Discord's 100 characters. */
export const ACTION_CHARACTERS = 100;

export function action(verb: Verb, ...args: (string | number)[]): Action {
  return { verb, arguments: args.map(String) };
}

/** An action as the text that a button carries. @throws RangeError where it is longer than buttons may carry */
export function encodeAction({ verb, arguments: args }: Action): string {
  const text = [PREFIX, verb, ...args.map(encodeURIComponent)].join(':');
  if (text.length > ACTION_CHARACTERS) throw new RangeError(`The action ${text} is longer than a button carries.`);
  return text;
}

/** What the first argument of a verb must be, where a wrong one would be taken for an answer that nobody gave. */
const FIRST: Readonly<Partial<Record<Verb, RegExp>>> = {
  stop: /./,
  consent: /^(yes|no)$/,
  community: /^(yes|no)$/,
  undo: /^\d{1,9}$/,
  forget: /^(yes|no)?$/,
};

/** The action that a button's text means; null where it is nobody's, a foreign one, or lacks what it needs. */
export function decodeAction(text: unknown): Action | null {
  if (typeof text !== 'string' || text.length > ACTION_CHARACTERS) return null;
  const [prefix, name, ...parts] = text.split(':');
  const verb = VERBS.find((known) => known === name);
  if (prefix !== PREFIX || verb === undefined) return null;
  try {
    const args = parts.map(decodeURIComponent);
    return FIRST[verb]?.test(args[0] ?? '') === false ? null : { verb, arguments: args };
  } catch {
    return null;
  }
}

/** Buttons in rows of at most five. */
export function rowsOf(buttons: readonly Button[]): Button[][] {
  const rows: Button[][] = [];
  for (let i = 0; i < buttons.length; i += ROW_BUTTONS) rows.push(buttons.slice(i, i + ROW_BUTTONS));
  return rows;
}

/** A bar of ten cells. */
export function progressBar(done: number, total: number): string {
  const cells = total > 0 ? Math.round((10 * Math.min(done, total)) / total) : 0;
  return '▰'.repeat(cells) + '▱'.repeat(10 - cells);
}
