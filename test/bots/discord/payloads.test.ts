/** Whatever Discord sends: nothing ends the bot, and nothing is counted that was not meant. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Message, Wire } from '../../fakes/discord/types.js';
import { mutationsOf, within } from '../../support/mutations.js';
import { storedVotes } from '../stored-votes.js';
import { type BotFixture, openBotFixture, shown } from './fixture.js';

let fixture: BotFixture;
let offer: Message;
/** Packets as Discord sends them, by their names. */
const packets = new Map<string, Wire>();

beforeAll(async () => {
  fixture = await openBotFixture({ discord: { rateLimits: null }, config: { askConsent: true } });
  const { discord, ada, bob, channel } = fixture;
  offer = await fixture.reply(fixture.ask(ada, 'hello'));
  // Told to the test instead of the bot.
  const seen = (what: string, act: () => void) => {
    discord.gateway.interfere = (_, data) => {
      packets.set(what, structuredClone(data));
      return 'never';
    };
    act();
    discord.gateway.interfere = undefined;
  };
  seen('MESSAGE_CREATE', () => fixture.ask(bob, 'what is wrong with this?'));
  seen('MESSAGE_REACTION_ADD', () => discord.people.react(bob, offer, '🇦'));
  // A reaction in a server says twice whose it is, and either is enough: this one says it once.
  const { member, ...once } = packets.get('MESSAGE_REACTION_ADD') as Wire;
  expect(member).toMatchObject({ user: { id: once.user_id } });
  packets.set('reaction', once);
  seen('MESSAGE_REACTION_REMOVE', () => discord.people.unreact(bob, offer, '🇦'));
  seen('vote', () => void discord.people.press(bob, offer, discord.people.buttons(offer).get('A') as string));
  seen('command', () => void discord.people.command(bob, channel.id, 'taste'));
});
afterAll(() => fixture.close());

const send = (name: string, data: unknown) =>
  fixture.discord.world.dispatch({ name, intents: 0, data: () => data as Wire });

async function expectUnharmed(): Promise<void> {
  // What was sent before is dealt with by then.
  await fixture.reply(fixture.ask(fixture.ada, 'are you there?'));
  expect(await fixture.place.plugin('discord')).toMatchObject({ status: 'RUNNING', restarts: 0 });
  expect(fixture.place.log.some(({ msg }) => /plugin failed/.test(String(msg)))).toBe(false);
}

const PRESS = ['type', 'data.custom_id', 'channel.id', 'message.id', 'member.user.id'];
/** What is sent, as which packet, and which parts say who means what: without one of them nothing may be counted. */
const KINDS: [what: string, packet: string, name: string, change: Wire, parts?: string[]][] = [
  ['a message', 'MESSAGE_CREATE', 'MESSAGE_CREATE', {}],
  ['a reaction', 'reaction', 'MESSAGE_REACTION_ADD', {}, ['user_id', 'channel_id', 'message_id', 'emoji.name']],
  ['a reaction taken away', 'MESSAGE_REACTION_REMOVE', 'MESSAGE_REACTION_REMOVE', {}],
  ['all reactions taken away', 'MESSAGE_REACTION_REMOVE', 'MESSAGE_REACTION_REMOVE_ALL', {}],
  ['an emoji taken away', 'MESSAGE_REACTION_REMOVE', 'MESSAGE_REACTION_REMOVE_EMOJI', {}],
  ['a vote by button', 'vote', 'INTERACTION_CREATE', {}, PRESS],
  ['an answer about consent', 'vote', 'INTERACTION_CREATE', { custom_id: 'palate:consent:yes' }, PRESS],
  ['a command', 'command', 'INTERACTION_CREATE', {}],
];

it.each(KINDS)('a part that is wrong does no harm: %s', async (_, packet, name, change, parts) => {
  const whole = packets.get(packet) as Wire;
  const base = 'custom_id' in change ? { ...whole, data: { ...(whole.data as Wire), ...change } } : whole;
  // An answer about consent is right wherever it is pressed.
  const meant = 'custom_id' in change ? parts?.filter((part) => !/^(channel|message)/.test(part)) : parts;
  const mutations = [...mutationsOf(base, meant && within(meant))];
  expect(mutations.length).toBeGreaterThan(30);
  for (const { payload } of mutations) send(name, payload);
  await expectUnharmed();
});

it.each([
  'palate:consent',
  'palate:consent:',
  'palate:consent:maybe',
  'palate:undo',
  'palate:undo:',
  'palate:stop',
  'palate:vote',
  'palate:vote:Z',
  'palate:tune:A',
  'nonsense',
  '',
])('a button means nothing: %s', async (custom_id) => {
  const press = packets.get('vote') as Wire;
  send('INTERACTION_CREATE', { ...press, data: { ...(press.data as Wire), custom_id } });
  await expectUnharmed();
});

it('counts nothing, and what is right counts afterwards', async () => {
  const [ref, asker] = [fixture.bob, fixture.ada].map(({ id }) => ({ platform: 'discord', externalId: id }));
  const stored = () => storedVotes(fixture.place, 'discord', [ref, asker]);
  expect(await stored()).toEqual([]);
  expect((await fixture.place.admin.member(ref))?.consent.learn ?? 'UNASKED').toBe('UNASKED');
  // Some of those payloads said of the voter that they are a bot, and that is remembered: the right one says it anew.
  send('MESSAGE_CREATE', packets.get('MESSAGE_CREATE'));
  // With their yes, whatever had been kept for it would count.
  await fixture.place.admin.createMemberToken(ref);
  const member = await fixture.place.admin.member(ref);
  await fixture.place.admin.setConsent(member?.id ?? '', { learn: true });
  expect(await stored()).toEqual([]);
  send('MESSAGE_REACTION_ADD', packets.get('reaction'));
  await fixture.ledger(fixture.bob, `CHOSEN ${shown(offer).get('A')}`);
  expect(await stored()).toContain(`${fixture.bob.id}: CHOSEN ACTIVE`);
});
