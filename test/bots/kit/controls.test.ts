import { describe, expect, it } from 'vitest';
import {
  action,
  COMMAND_NAMES,
  COMMANDS,
  CONTROLS,
  isGenuine,
  mayPress,
  VERBS,
  type Verb,
  type Who,
  whoMay,
} from '../../../bots/kit/index.js';

/** What the bots put on buttons, and what somebody might make up. */
const GIVEN: Readonly<Record<Verb, string[][]>> = {
  vote: [['A'], ['H'], ['TIE'], ['REGENERATE']],
  stop: [['0a1b2c3d-0000-4000-8000-000000000000']],
  continue: [['A'], ['H']],
  consent: [['yes'], ['no'], ['yes', 'tune'], ['no', 'tune']],
  community: [['yes'], ['no']],
  taste: [[]],
  undo: [['0'], ['12']],
  forget: [[], ['yes'], ['no']],
  export: [[]],
  tune: [['start'], ['A', '0'], ['none', '3'], ['skip', '9'], ['stop', '1']],
};
const MADE_UP: Readonly<Record<Verb, string[][]>> = {
  vote: [[], ['I'], ['a'], ['A', 'B'], ['__proto__']],
  stop: [[], [''], ['x', 'y']],
  continue: [[], ['I'], ['TIE'], ['A', 'A']],
  consent: [[], [''], ['maybe'], ['yes', 'forget'], ['yes', 'tune', 'x']],
  community: [[], ['true']],
  taste: [['somebody-else']],
  undo: [[], ['-1'], ['1.5'], ['NaN'], ['1e3'], ['99999999999'], ['0', 'x']],
  forget: [['everybody'], ['yes', 'x']],
  export: [['somebody-else']],
  tune: [[], ['A'], ['A', '-1'], ['A', 'x'], ['Z', '0']],
};

const MAY: Readonly<Record<Who, { stranger: boolean; manager: boolean; asker: boolean }>> = {
  ANYBODY: { stranger: true, manager: true, asker: true },
  ASKER: { stranger: false, manager: false, asker: true },
  ASKER_OR_MANAGER: { stranger: false, manager: true, asker: true },
  MANAGER: { stranger: false, manager: true, asker: false },
};

describe('the table of controls', () => {
  it('names everything that can be pressed or typed', () => {
    expect(Object.keys(CONTROLS).sort()).toEqual([...VERBS].sort());
    expect(Object.keys(COMMANDS).sort()).toEqual([...COMMAND_NAMES].sort());
  });

  it('lets strangers press only what is their own', () => {
    const shared = VERBS.filter((verb) => CONTROLS[verb].who !== 'ANYBODY');
    expect(shared).toEqual(['stop', 'continue']);
    expect(whoMay(action('vote', 'REGENERATE'))).toBe('ASKER');
    expect(whoMay(action('vote', 'A'))).toBe('ANYBODY');
  });

  it.each(VERBS)('%s is taken as the bots give it, and not otherwise', (verb) => {
    for (const args of GIVEN[verb]) expect(isGenuine(action(verb, ...args)), args.join()).toBe(true);
    for (const args of MADE_UP[verb]) expect(isGenuine(action(verb, ...args)), args.join()).toBe(false);
  });

  it.each(VERBS.flatMap((verb) => GIVEN[verb].map((args) => [verb, args] as const)))(
    '%s %j is for whom the table says',
    async (verb, args) => {
      const one = action(verb, ...args);
      const expected = MAY[whoMay(one)];
      const presser = (id: string, manages: boolean) => ({ id, manages: async () => manages });
      expect(await mayPress(one, presser('stranger', false), 'asker')).toBe(expected.stranger);
      expect(await mayPress(one, presser('manager', true), 'asker')).toBe(expected.manager);
      expect(await mayPress(one, presser('asker', false), 'asker')).toBe(expected.asker);
      if (whoMay(one) !== 'ANYBODY') expect(await mayPress(one, presser('asker', true), null)).toBe(false);
    },
  );
});
