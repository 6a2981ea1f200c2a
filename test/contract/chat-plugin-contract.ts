/**
 * What every chat bot owes the people on its platform, whatever the platform is: tests to be called with a way to open a place where
 * the bot and one person are. The tests of a bot's own hold it against its platform's particulars.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mark } from '../../bots/kit/index.js';
import type { MemberRef } from '../../src/client/index.js';
import type { PluginFixture } from '../plugins/fixture.js';

/** A place on the platform. `Message` is whatever the platform's own messages are. */
export interface ChatRoom<Message> {
  readonly place: PluginFixture;
  /** The person who does everything here. */
  readonly member: MemberRef;
  /** Mentions the bot in a channel. */
  ask(text: string): Message;
  /** The bot's finished answer, once it can be voted on. */
  reply(question: Message): Promise<Message>;
  /** The replies that a message offers, by letter. */
  shown(reply: Message): ReadonlyMap<string, string>;
  /** The bot's messages in the channel. */
  written(): readonly Message[];
  react(reply: Message, mark: Mark): void;
  unreact(reply: Message, mark: Mark): void;
  press(message: Message, label: string): void;
  /** How often the platform delivers each event from now on. */
  deliver(times: 'once' | 'twice'): void;
  /** The question that was put to the person alone. */
  consentQuestion(): Promise<Message>;
  /** Asks the bot to forget the person, and says yes: the bot's answer. */
  forget(): Promise<string>;
  /** Settings with which the bot cannot work, the value that is right, and what its message must say. */
  readonly wrong: readonly { field: string; value: string; right: string | null; says: RegExp }[];
  close(): Promise<void>;
}

export interface ChatBotCase<Message> {
  /** The plugin's name. */
  name: string;
  /** A place with the bot running in it, which asks before it learns. */
  open(): Promise<ChatRoom<Message>>;
}

/** Milliseconds that the host gives a plugin to stop, and a busy machine a little more. */
const STOP_MS = 12_000;
/** Events that are delivered twice have arrived by then. */
const SETTLING_MS = 500;

export function describeChatBot<Message>({ name, open }: ChatBotCase<Message>): void {
  describe(`the chat bot ${name}`, () => {
    let room: ChatRoom<Message>;
    /** The offer that the votes are about. */
    let offer: Message;
    beforeAll(async () => {
      room = await open();
    });
    afterAll(() => room?.close());

    const generations = () => room.place.runtime.requests.length;
    const chosen = (letter: string) => `CHOSEN ${room.shown(offer).get(letter)}`;

    it('answers a mention once, with two replies that can be told apart', async () => {
      offer = await room.reply(room.ask('hello'));
      expect([...room.shown(offer).keys()]).toEqual(['A', 'B']);
      expect(new Set(room.shown(offer).values()).size).toBe(2);
      expect(room.written()).toHaveLength(1);
      expect(room.place.runtime.requests.map(({ rows }) => rows.length)).toEqual([2]);
    });

    it('asks for consent behind the first vote, which waits for it', async () => {
      room.react(offer, 'A');
      const question = await room.consentQuestion();
      expect(await ledger(room)).toEqual([]);
      room.press(question, 'Yes, learn');
      await recorded(room, [chosen('A')]);
    });

    it('lets a vote be changed, and taken back', async () => {
      const [before] = await verdicts(room);
      room.react(offer, 'B');
      await recorded(room, [chosen('B')]);
      expect((await verdicts(room))[0].id).toBe(before.id);
      room.unreact(offer, 'B');
      await recorded(room, [chosen('A')]);
      room.unreact(offer, 'A');
      await recorded(room, []);
      room.react(offer, 'TIE');
      await recorded(room, ['TIE']);
      room.unreact(offer, 'TIE');
      await recorded(room, []);
      room.press(offer, 'B');
      await recorded(room, [chosen('B')]);
      room.press(offer, 'B');
      await recorded(room, []);
    });

    it('takes what is delivered twice once', async () => {
      room.deliver('twice');
      const before = generations();
      offer = await room.reply(room.ask('again'));
      room.react(offer, 'ALL_BAD');
      await recorded(room, ['ALL_BAD']);
      await new Promise((resolve) => setTimeout(resolve, SETTLING_MS));
      expect(generations()).toBe(before + 1);
      expect(room.written()).toHaveLength(2);
      expect(await ledger(room)).toEqual(['ALL_BAD']);
      room.deliver('once');
    });

    it('keeps ids, and nothing that anybody wrote', async () => {
      const question = 'a question nobody else has asked';
      await room.reply(room.ask(question));
      const texts = [question, ...room.shown(offer).values()];
      const kept = JSON.stringify(await room.place.rowsOf(name));
      for (const text of texts) expect(kept).not.toContain(text);
    });

    it('forgets whom it is asked to forget', async () => {
      const { admin } = room.place;
      const member = await admin.member(room.member);
      const answer = await room.forget();
      expect(await admin.member(room.member)).toBeNull();
      const receipt = /[\w-]{20,}/.exec(answer)?.[0] ?? '';
      expect(await admin.deletionReceipt(receipt)).toMatchObject({ id: receipt });
      const kept = JSON.stringify(await room.place.rowsOf(name));
      expect(kept).not.toContain(room.member.externalId);
      expect(kept).not.toContain(member?.id);
    });

    it('stops in good time in the middle of a reply, and answers when it runs again', async () => {
      const { place } = room;
      place.runtime.holdDecoding = new Promise(() => {});
      const before = generations();
      room.ask('a long one');
      while (generations() === before) await new Promise((resolve) => setTimeout(resolve, 10));
      const began = performance.now();
      expect(await place.admin.stopPlugin(name)).toMatchObject({ status: 'STOPPED' });
      expect(performance.now() - began).toBeLessThan(STOP_MS);
      place.runtime.holdDecoding = undefined;
      await place.admin.startPlugin(name);
      await place.until(name, ({ status }) => status === 'RUNNING');
      expect(room.shown(await room.reply(room.ask('a short one'))).size).toBe(2);
      const unclean = place.log.filter(({ msg }) => /did not stop cleanly|left behind/.test(String(msg)));
      expect(unclean).toEqual([]);
    });

    it('says which setting is wrong, and runs when it is right', async () => {
      const { admin, until } = room.place;
      for (const { field, value, right, says } of room.wrong) {
        await admin.configurePlugin(name, { values: [{ name: field, value }] });
        const refused = await until(name, ({ message }) => says.test(message ?? ''));
        expect(refused.status).toBe('UNCONFIGURED');
        await admin.configurePlugin(name, { values: [{ name: field, value: right }] });
        await until(name, ({ status }) => status === 'RUNNING');
      }
    });
  });
}

/** The member's active verdicts. */
async function verdicts<Message>({ place, member }: ChatRoom<Message>) {
  const known = await place.admin.member(member);
  return known ? (await place.admin.feedback(known.id, { first: 100 })).nodes : [];
}

/** The member's active verdicts as text: what was said, and of which reply. */
async function ledger<Message>(room: ChatRoom<Message>): Promise<string[]> {
  return Promise.all(
    (await verdicts(room)).map(async ({ verdict, chosen, generation }) => {
      if (chosen === null) return verdict;
      const { candidates = [] } = (await room.place.admin.generation(generation.id)) ?? {};
      return `${verdict} ${candidates.find(({ id }) => id === chosen.id)?.text}`;
    }),
  );
}

/** Waits until the ledger is as it should be. */
async function recorded<Message>(room: ChatRoom<Message>, expected: readonly string[]): Promise<void> {
  for (let waited = 0; ; waited += 15) {
    const found = await ledger(room);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    if (waited > 120_000) expect(found).toEqual(expected);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
