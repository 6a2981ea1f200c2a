/** Both chat bots that come with the product, against the contract of chat bots. */
import { NAMED_REACTIONS, UNICODE_REACTIONS } from '../../bots/kit/index.js';
import * as discordHouse from '../bots/discord/fixture.js';
import * as slackHouse from '../bots/slack/fixture.js';
import type { Message as DiscordMessage, Wire } from '../fakes/discord/types.js';
import type { Message as SlackMessage } from '../fakes/slack/types.js';
import { type ChatRoom, describeChatBot } from './chat-plugin-contract.js';

const ASKS_FIRST = { config: { askConsent: true } };

async function openDiscord(): Promise<ChatRoom<DiscordMessage>> {
  const fixture = await discordHouse.openBotFixture(ASKS_FIRST);
  const { discord, ada, channel, bot } = fixture;
  const { people, world } = discord;
  const press = (message: DiscordMessage, label: string) =>
    people.press(ada, message, people.buttons(message).get(label) ?? label);
  return {
    get place() {
      return fixture.place;
    },
    member: { platform: 'discord', externalId: ada.id },
    ask: (text) => fixture.ask(ada, text),
    reply: (question) => fixture.reply(question),
    shown: discordHouse.shown,
    written: () => world.messagesIn(channel.id).filter(({ authorId }) => authorId === bot),
    react: (reply, mark) => people.react(ada, reply, UNICODE_REACTIONS[mark][0]),
    unreact: (reply, mark) => people.unreact(ada, reply, UNICODE_REACTIONS[mark][0]),
    press,
    deliver: (times) => {
      discord.gateway.interfere = () => times;
    },
    consentQuestion: () => discord.until('the question', () => world.messagesIn(world.directChannel(ada.id).id).at(0)),
    forget: async () => {
      const answered = (seen: { message?: DiscordMessage }) =>
        discord.until('an answer', () => seen.message && textOf(seen.message) !== '' && seen.message);
      const page = await answered(people.command(ada, channel.id, 'taste'));
      const question = await answered(press(page, 'Forget me'));
      return textOf(await answered(press(question, 'Delete everything')));
    },
    wrong: [
      { field: 'token', value: 'bm90.bm90.known', right: discord.token, says: /does not know this token.+Reset Token/ },
      { field: 'messageContent', value: 'true', right: null, says: /message content intent is not switched on/ },
      { field: 'emoji', value: '{"A":["🇧"]}', right: null, says: /"Other emoji" is not usable\..+means both A and B/ },
    ],
    close: () => fixture.close(),
  };
}

function textOf({ content, embeds }: DiscordMessage): string {
  const parts = embeds.flatMap(({ title, description, fields = [] }: Wire) => [
    title,
    description,
    ...(fields as Wire[]).map(({ value }) => value),
  ]);
  return [content, ...parts].filter(Boolean).join('\n');
}

async function openSlack(): Promise<ChatRoom<SlackMessage>> {
  const fixture = await slackHouse.openBotFixture(ASKS_FIRST);
  const { slack, ada, channel, install, team } = fixture;
  const { people, world } = slack;
  return {
    get place() {
      return fixture.place;
    },
    member: { platform: 'slack', externalId: ada.id, scope: team.id },
    ask: (text) => fixture.ask(ada, text),
    reply: (question) => fixture.reply(question),
    shown: slackHouse.shown,
    written: () => fixture.written(),
    react: (reply, mark) => people.react(ada, reply, NAMED_REACTIONS[mark][0]),
    unreact: (reply, mark) => people.unreact(ada, reply, NAMED_REACTIONS[mark][0]),
    press: (message, label) => void people.press(ada, message, label),
    deliver: (times) => {
      slack.delivery.interfere = () => times;
    },
    consentQuestion: () =>
      slack.until('the question', () => fixture.written(world.directChannel(install, ada).id).at(0)),
    forget: async () => {
      const answer = (to: { answers: SlackMessage[] }) => slack.until('an answer', () => to.answers.at(0));
      const page = await answer(people.command(ada, channel, 'taste'));
      const question = await answer(people.press(ada, page, 'Forget me'));
      return slackHouse.textOf(await answer(people.press(ada, question, 'Delete everything')));
    },
    wrong: [
      { field: 'botToken', value: 'xoxb-unknown', right: install.token, says: /does not take the bot token/ },
      { field: 'appToken', value: 'xapp-unknown', right: slack.secrets.appToken, says: /app-level token/ },
      { field: 'emoji', value: '{"A":["b"]}', right: null, says: /"Other emoji" is not usable\..+means both A and B/ },
    ],
    close: () => fixture.close(),
  };
}

describeChatBot({ name: 'discord', open: openDiscord });
describeChatBot({ name: 'slack', open: openSlack });
