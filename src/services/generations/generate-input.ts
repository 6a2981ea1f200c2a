/** A request to generate, checked and with its defaults filled in. */
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import { faultOf, isPlatformName } from '../../common/text.js';
import type { GenerateInput, MemberRef } from '../../contract/generated/types.js';
import type { ChatTurn } from '../../language-model/tokenizer.js';
import { historyTurns } from './history.js';

/** A member's identity, and what else their platform says of them. */
export type NamedMember = MemberRef & { scope: string };

export interface GenerateRequest {
  member: NamedMember;
  prompt: string;
  turns: ChatTurn[];
  candidateCount: number;
  maxTokens: number;
  temperature: number;
  topP: number;
  minP: number;
  dryMultiplier: number;
  /** Null: the service draws one. */
  seed: number | null;
  personalized: boolean;
  explore: boolean;
  strength: number;
  /** Along the taste's directions; empty: none. */
  tasteOffset: readonly number[];
  /** The candidate that is gone on with. */
  continues?: string;
  source: Record<string, string> | null;
}

/**
 * @param directions how many a taste can be moved along; not given where nothing is known of tastes
 * @throws PalateError BAD_USER_INPUT or TOO_LONG that names the field, what is wrong with it and what is allowed
 */
export function checkGenerateInput(input: GenerateInput, limits: Limits, directions?: number): GenerateRequest {
  const text = (name: string, value: string, maximum: number) => {
    if (value.trim() === '') throw refused(`${name} is empty. Give it some text.`);
    if (value.length > maximum) {
      throw new PalateError('TOO_LONG', `${name} has ${value.length} characters; ${maximum} are allowed. Shorten it.`, {
        maximum,
      });
    }
    return storable(name, value);
  };
  const number = (name: string, value: number | null | undefined, fallback: number, low: number, high: number) => {
    const given = value ?? fallback;
    if (!(given >= low && given <= high)) throw refused(`${name} is ${given}; it must be from ${low} to ${high}.`);
    return given;
  };
  const whole = (name: string, value: number | null | undefined, fallback: number, low: number, high: number) => {
    const given = number(name, value, fallback, low, high);
    if (!Number.isInteger(given)) throw refused(`${name} is ${given}; it must be a whole number.`);
    return given;
  };

  const prompt = text('prompt', input.prompt, limits.promptCharacters);
  const turns = historyTurns(input.history ?? [], limits);
  if (input.system != null && input.system.trim() !== '') {
    turns.unshift({ role: 'system', content: text('system', input.system, limits.systemCharacters) });
  }
  turns.push({ role: 'user', content: prompt });
  if (input.seed != null && !Number.isInteger(input.seed)) throw refused('seed must be a whole number.');

  return {
    member: checkMemberRef(input.member, limits),
    prompt,
    turns,
    candidateCount: whole(
      'candidateCount',
      input.candidateCount,
      limits.candidateCountDefault,
      limits.candidateCountMinimum,
      limits.candidateCountMaximum,
    ),
    maxTokens: whole(
      'maxTokens',
      input.maxTokens,
      limits.maxTokensDefault,
      limits.maxTokensMinimum,
      limits.maxTokensMaximum,
    ),
    temperature: number('temperature', input.temperature, limits.temperatureDefault, 0, limits.temperatureMaximum),
    topP: number('topP', input.topP, limits.topPDefault, Number.EPSILON, 1),
    minP: number('minP', input.minP, limits.minPDefault, 0, 1),
    dryMultiplier: number(
      'dryMultiplier',
      input.dryMultiplier,
      limits.dryMultiplierDefault,
      0,
      limits.dryMultiplierMaximum,
    ),
    seed: input.seed ?? null,
    personalized: input.personalized ?? true,
    explore: input.explore ?? true,
    tasteOffset: offsetsOf(input.tasteOffset, limits, directions),
    strength: number('strength', input.strength, limits.strengthDefault, 0, limits.strengthMaximum),
    source: sourceOf(input.source, limits),
    // Left out where nothing is gone on with, so that keys given before this was possible fit their requests.
    ...(input.continues != null && { continues: input.continues }),
  };
}

/** Trailing zeros say nothing; of all zeros nothing is left. */
function offsetsOf(
  offsets: GenerateInput['tasteOffset'],
  limits: Limits,
  directions = limits.tasteOffsets,
): readonly number[] {
  const given = offsets ?? [];
  const allowed = Math.min(limits.tasteOffsets, directions);
  if (given.length > allowed) throw refused(`tasteOffset has ${given.length} numbers; ${allowed} are allowed.`);
  const largest = limits.tasteOffsetMaximum;
  given.forEach((offset, i) => {
    if (!(Math.abs(offset) <= largest)) {
      throw refused(`tasteOffset[${i}] is ${offset}; it must be from -${largest} to ${largest}.`);
    }
  });
  return given.slice(0, given.findLastIndex((offset) => offset !== 0) + 1);
}

/** @throws PalateError BAD_USER_INPUT for a part that is too long, or missing where only `scope` may be */
export function checkMemberRef(ref: MemberRef, limits: Limits): NamedMember {
  const named = { ...ref, scope: ref.scope ?? '' };
  for (const [name, value] of Object.entries(named)) {
    if (value == null) continue;
    const minimum = name === 'scope' ? 0 : 1;
    const maximum = name === 'platform' ? limits.platformCharacters : limits.identifierCharacters;
    if (value.length < minimum || value.length > maximum) {
      throw refused(`member.${name} must have ${minimum} to ${maximum} characters; it has ${value.length}.`);
    }
    storable(`member.${name}`, value);
  }
  if (!isPlatformName(named.platform)) {
    const form = 'small letters from a to z, digits and . _ - behind a letter or digit';
    throw refused(`member.platform is "${named.platform}"; it must be ${form}.`);
  }
  return named;
}

/** @throws PalateError BAD_USER_INPUT */
export function checkPlatform(platform: string, limits: Limits): string {
  return checkMemberRef({ platform, externalId: '-' }, limits).platform;
}

/** @throws PalateError BAD_USER_INPUT */
export function checkKey(key: string | null | undefined, limits: Limits): string | null {
  if (key == null) return null;
  if (key === '' || key.length > limits.keyCharacters) {
    throw refused(`key must have 1 to ${limits.keyCharacters} characters; it has ${key.length}.`);
  }
  return storable('key', key);
}

function sourceOf(source: GenerateInput['source'], limits: Limits): Record<string, string> | null {
  const given = Object.entries(source ?? {}).filter((entry): entry is [string, string] => entry[1] != null);
  for (const [name, value] of given) {
    if (value.length > limits.identifierCharacters) {
      throw refused(`source.${name} has ${value.length} characters; ${limits.identifierCharacters} are allowed.`);
    }
    storable(`source.${name}`, value);
  }
  return given.length > 0 ? Object.fromEntries(given) : null;
}

/** @throws PalateError BAD_USER_INPUT for a text that would not come back from the database as it is */
export function storable(name: string, value: string): string {
  const fault = faultOf(value);
  if (fault !== undefined) throw refused(`${name} contains ${fault}. Take it out.`);
  return value;
}

function refused(message: string): PalateError {
  return new PalateError('BAD_USER_INPUT', message);
}
