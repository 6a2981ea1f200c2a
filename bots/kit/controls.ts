/**
 * Who may use which control: one table over every verb a button can carry, and over the commands. Buttons stand where others
 * see them, and what a press carries was in the hands of whoever pressed: so who pressed and what it carries are both looked at.
 */
import { LETTERS, MARKS } from './reactions.js';
import { choiceOf } from './tune.js';
import type { Action, Verb } from './view.js';
import type { CommandName } from './words/index.js';

/**
 * ANYBODY: it touches only what is the presser's own, their vote or their taste. ASKER: the one whose question is answered there.
 * ASKER_OR_MANAGER: also those who look after the place. MANAGER: they alone.
 */
export type Who = 'ANYBODY' | 'ASKER' | 'ASKER_OR_MANAGER' | 'MANAGER';

interface Control {
  who: Who;
  /** Whether the arguments are ones that the bot gives this verb. */
  takes(args: readonly string[]): boolean;
}

const none = (args: readonly string[]) => args.length === 0;
const oneOf =
  (...words: string[]) =>
  (args: readonly string[]) =>
    args.length === 1 && words.includes(args[0]);

export const CONTROLS: Readonly<Record<Verb, Control>> = {
  vote: { who: 'ANYBODY', takes: oneOf(...MARKS) },
  stop: { who: 'ASKER_OR_MANAGER', takes: (args) => args.length === 1 && args[0] !== '' },
  continue: { who: 'ASKER', takes: oneOf(...LETTERS) },
  consent: { who: 'ANYBODY', takes: ([answer, then, ...rest]) => oneOf('yes', 'no')([answer]) && isThen(then, rest) },
  community: { who: 'ANYBODY', takes: oneOf('yes', 'no') },
  taste: { who: 'ANYBODY', takes: none },
  undo: { who: 'ANYBODY', takes: (args) => args.length === 1 && /^\d{1,9}$/.test(args[0]) },
  forget: { who: 'ANYBODY', takes: (args) => none(args) || oneOf('yes', 'no')(args) },
  export: { who: 'ANYBODY', takes: none },
  tune: { who: 'ANYBODY', takes: (args) => oneOf('start')(args) || choiceOf(args) !== null },
};

export const COMMANDS: Readonly<Record<CommandName, Who>> = {
  ask: 'ANYBODY',
  taste: 'ANYBODY',
  consent: 'ANYBODY',
  tune: 'ANYBODY',
  palate: 'MANAGER',
};

/** What follows an answer about consent: nothing, or the tuning round that it was asked before. */
function isThen(then: string | undefined, rest: readonly string[]): boolean {
  return rest.length === 0 && (then === undefined || then === 'tune');
}

/** Who may press this button. New replies take the place of the asker's. */
export function whoMay({ verb, arguments: [argument] }: Action): Who {
  return verb === 'vote' && argument === 'REGENERATE' ? 'ASKER' : CONTROLS[verb].who;
}

/** Whether the action is one that the bot puts on buttons, and not one that somebody made up. */
export function isGenuine({ verb, arguments: args }: Action): boolean {
  return CONTROLS[verb].takes(args);
}

export interface Presser {
  id: string;
  /** Whether they look after the place. Asked only where it matters. */
  manages(): Promise<boolean>;
}

/** Whether somebody may press a button; `asker`: whose question is answered there, null where nobody's is. */
export async function mayPress(action: Action, presser: Presser, asker: string | null): Promise<boolean> {
  switch (whoMay(action)) {
    case 'ANYBODY':
      return true;
    case 'ASKER':
      return presser.id === asker;
    case 'ASKER_OR_MANAGER':
      return asker !== null && (presser.id === asker || (await presser.manages()));
    case 'MANAGER':
      return presser.manages();
  }
}
