/**
 * What members like and what they are asked: the set in the source, which is for tuning, or one that somebody else brings as a module, which
 * nothing was tuned on.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, PalateError } from '../../src/common/errors.js';
import { HELD_OUT_PROMPTS, VOTE_PROMPTS } from './prompts.js';
import { DEV_TASTES, TASTES, type Taste } from './tastes.js';

export interface TasteSet {
  votePrompts: readonly string[];
  heldOutPrompts: readonly string[];
  /** All that can be named, and what runs where none is. */
  tastes: readonly Taste[];
  usual: readonly Taste[];
}

export const DEV_SET: TasteSet = {
  votePrompts: VOTE_PROMPTS,
  heldOutPrompts: HELD_OUT_PROMPTS,
  tastes: TASTES,
  usual: DEV_TASTES,
};

/**
 * A module (JavaScript or TypeScript) that exports `votePrompts`, `heldOutPrompts` and `tastes`; a taste has a `name`, a `family`, an `instruction`
 * and two `scorers` { a, b }, each (text, prompt) => number. Prompts that are left out are those of the source.
 * @throws PalateError BAD_USER_INPUT for a module that cannot be read or has something else
 */
export async function openSet(path: string | undefined): Promise<TasteSet> {
  if (path === undefined) return DEV_SET;
  const module = await import(pathToFileURL(resolve(path)).href).catch((cause: unknown) => {
    throw new PalateError('BAD_USER_INPUT', `The set ${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  const { votePrompts = VOTE_PROMPTS, heldOutPrompts = HELD_OUT_PROMPTS, tastes = DEV_TASTES } = module;
  for (const prompts of [votePrompts, heldOutPrompts]) {
    if (!isList(prompts, (prompt) => typeof prompt === 'string' && prompt !== ''))
      throw refused(path, 'prompts as texts');
  }
  if (tastes !== DEV_TASTES && !isList(tastes, isGiven)) {
    throw refused(path, 'tastes as { name, family, instruction, scorers: { a, b } }');
  }
  const complete = (tastes as Taste[]).map((taste): Taste => ({ ...taste, kind: taste.kind ?? 'GIVEN' }));
  return { votePrompts, heldOutPrompts, tastes: complete, usual: complete };
}

/** @throws PalateError BAD_USER_INPUT for a name that is none */
export function tasteNamed(name: string, { tastes }: Pick<TasteSet, 'tastes'> = DEV_SET): Taste {
  const taste = tastes.find((known) => known.name === name);
  if (taste) return taste;
  const known = tastes.map((one) => one.name).join(', ');
  throw new PalateError('BAD_USER_INPUT', `There is no taste "${name}". There are: ${known}.`);
}

function isGiven(value: unknown): boolean {
  const { name, family, instruction, scorers } = Object(value);
  const texts = [name, family, instruction].every((text) => typeof text === 'string');
  return texts && typeof scorers?.a === 'function' && typeof scorers?.b === 'function';
}

const isList = (value: unknown, holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(holds);

const refused = (path: string, wanted: string): PalateError =>
  new PalateError('BAD_USER_INPUT', `The set ${path} has to export ${wanted}.`);
