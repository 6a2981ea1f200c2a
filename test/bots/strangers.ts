/**
 * What people may do who did not ask: press what is their own, and nothing of anybody else's. Tests to be called with a way to open a
 * place on the platform where several people are. The tests of a bot's own hold it against its platform's particulars.
 */
import { isDeepStrictEqual } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { type Action, action, decodeAction, type Verb } from '../../bots/kit/index.js';
import type { MemberRef } from '../../src/client/index.js';
import type { PluginFixture } from '../plugins/fixture.js';

/** The manager looks after the place; the stranger does not. Neither asked. */
export type Person = 'asker' | 'stranger' | 'manager';

/** Replies are at most twelve tokens long. */
export interface Crowd<Message> {
  readonly place: PluginFixture;
  memberOf(person: Person): MemberRef;
  /** The bot's finished answer to a question of the person's. */
  answered(person: Person, channel?: 'general' | 'other'): Promise<Message>;
  /** An answer to a question of the person's that is being written and does not end. */
  growing(person: Person): Promise<Message>;
  /** What people read of a message. */
  textOf(message: Message): string;
  /** The buttons of a message, by label, with what they carry. */
  buttons(message: Message): ReadonlyMap<string, string>;
  /** The message in which an answer goes on. */
  rest(message: Message): Promise<Message>;
  /** Votes for A, by reaction. */
  vote(person: Person, message: Message): void;
  /** Presses a button that stands there. The call that is given back waits for what the person alone is told. */
  press(person: Person, message: Message, label: string): () => Promise<string>;
  /** Presses a button that never stood there. */
  forge(person: Person, message: Message, action: Action): () => Promise<string>;
  until(what: string, holds: () => boolean): Promise<unknown>;
  close(): Promise<void>;
}

const NOT_YOURS = 'Only the person who asked can do this.';
const NOT_WRITING = 'This reply is not being written any more.';
const MEANS_NOTHING = 'These replies can no longer be voted on.';

/** Of every verb what the bot puts on a button, and what a stranger is told who presses it; null: it is about themselves, and done. */
const GENUINE: Readonly<Record<Exclude<Verb, 'tune'>, { args: string[]; said: string | null }>> = {
  vote: { args: ['REGENERATE'], said: NOT_YOURS },
  stop: { args: ['0a1b2c3d-0000-4000-8000-000000000000'], said: NOT_WRITING },
  continue: { args: ['A'], said: NOT_YOURS },
  consent: { args: ['no'], said: null },
  community: { args: ['yes'], said: null },
  taste: { args: [], said: null },
  undo: { args: ['0'], said: null },
  forget: { args: ['yes'], said: null },
  export: { args: [], said: null },
};

/** What no button of the bot's carries; ASKER stands for the asker's id on the platform. */
const MADE_UP: readonly [Verb, ...string[]][] = [
  ['vote', 'H'],
  ['vote', 'everything'],
  ['stop'],
  ['continue', 'H2'],
  ['consent'],
  ['consent', 'perhaps'],
  ['community', 'perhaps'],
  ['taste', 'ASKER'],
  ['undo', 'NaN'],
  ['forget', 'ASKER'],
  ['export', 'ASKER'],
  ['tune', 'A', 'x'],
];

export function describeStrangers<Message extends { reactions: { size: number } }>(
  platform: string,
  open: () => Promise<Crowd<Message>>,
): void {
  describe(`somebody who did not ask, on ${platform}`, () => {
    let crowd: Crowd<Message>;
    afterEach(() => crowd.close());

    /** Everything the service knows of the asker that others might want to change. */
    const known = async () => {
      const { admin } = crowd.place;
      const member = await admin.member(crowd.memberOf('asker'));
      return { member, verdicts: member && (await admin.feedback(member.id, { first: 100 })).nodes };
    };

    it('changes nothing of the asker by any button, whatever it carries', async () => {
      crowd = await open();
      const { place, forge } = crowd;
      const offered = await crowd.answered('asker');
      crowd.vote('asker', offered);
      // The newest version is there a moment before what tells of its making.
      let before = await known();
      for (let last: unknown; before.member?.encoder.version !== 1 || !isDeepStrictEqual(before, last); ) {
        last = before;
        await new Promise((resolve) => setTimeout(resolve, 100));
        before = await known();
      }
      expect(before.verdicts).toHaveLength(1);
      const requests = place.runtime.requests.length;
      for (const [verb, { args, said }] of Object.entries(GENUINE)) {
        const told = await forge('stranger', offered, action(verb as Verb, ...args))();
        if (said === null) expect([NOT_YOURS, NOT_WRITING, MEANS_NOTHING], verb).not.toContain(told);
        else expect(told, verb).toBe(said);
      }
      const asker = crowd.memberOf('asker').externalId;
      for (const [verb, ...given] of MADE_UP) {
        const args = given.map((arg) => (arg === 'ASKER' ? asker : arg));
        const told = await forge('stranger', offered, action(verb, ...args))();
        expect(told, [verb, ...given].join(' ')).toBe(MEANS_NOTHING);
      }
      expect(await known()).toEqual(before);
      expect(place.runtime.requests).toHaveLength(requests);
      expect(place.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    });

    it('cannot stop a reply, there or elsewhere, and is told so alone; the asker can, and who looks after the place', async () => {
      crowd = await open();
      const { buttons, press, forge, textOf, until } = crowd;
      const elsewhere = await crowd.answered('stranger', 'other');
      const first = await crowd.growing('asker');
      expect(await press('stranger', first, 'Stop')()).toBe(NOT_YOURS);
      const stop = decodeAction(buttons(first).get('Stop')) as Action;
      expect(await forge('stranger', elsewhere, stop)()).toBe(NOT_WRITING);
      expect(buttons(first).has('Stop')).toBe(true);
      expect(textOf(first)).not.toContain('Stopped.');
      press('asker', first, 'Stop');
      await until('the end', () => textOf(first).includes('Stopped.'));
      const second = await crowd.growing('asker');
      press('manager', second, 'Stop');
      await until('the end', () => textOf(second).includes('Stopped.'));
    });

    it('has no say in the rest of a reply: that is written for its asker, once, behind what was there', async () => {
      crowd = await open();
      const { place, press } = crowd;
      const message = await crowd.answered('asker');
      expect(crowd.textOf(message)).toContain('Cut off at the longest length: A, B.');
      for (const person of ['stranger', 'manager'] as const) {
        expect(await press(person, message, 'Continue B')()).toBe(NOT_YOURS);
      }
      press('asker', message, 'Continue B');
      const rest = await crowd.rest(message);
      expect(rest.reactions.size).toBe(0);
      expect(await press('asker', message, 'Continue B')()).toBe('It goes on below.');
      expect(place.runtime.requests.map(({ rows }) => rows.map(({ written }) => written?.length ?? 0))).toEqual([
        [0, 0],
        [12],
      ]);
    });
  });
}
