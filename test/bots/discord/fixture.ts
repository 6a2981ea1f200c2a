/** The whole way for a test: a local Discord, and a service with the Discord bot in it. */
import { type Discord, type DiscordOptions, startDiscord } from '../../fakes/discord/server.js';
import type { Channel, Guild, Message, User } from '../../fakes/discord/types.js';
import { openPluginFixture, type PluginFixture } from '../../plugins/fixture.js';

export interface BotFixture {
  discord: Discord;
  place: PluginFixture;
  ada: User;
  bob: User;
  guild: Guild;
  channel: Channel;
  /** The bot's user id. */
  bot: string;
  /** Sends a message that mentions the bot. */
  ask(user: User, text: string, channelId?: string, replyTo?: Message): Message;
  /** The bot's finished reply to a message: the last one, with its reactions on it. */
  reply(question: Message, reactions?: number): Promise<Message>;
  /** The member's active verdicts. */
  verdicts(
    user: User,
  ): Promise<{ verdict: string; chosen: string | null; state: string; id: string; generation: string }[]>;
  /** Waits until the member's only active verdict is this one; null for none. `place`: of the chosen candidate as shown. */
  ledger(user: User, expected: string | null): Promise<void>;
  /** Ends the service and starts it again on the same data. */
  restart(between?: () => void | Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Limits as Discord's, but without the waits that tests would sit through. */
export const QUICK = {
  'POST messages': { limit: 50, windowMs: 1_000 },
  'PATCH messages': { limit: 50, windowMs: 1_000 },
  reactions: { limit: 50, windowMs: 1_000 },
  webhooks: { limit: 50, windowMs: 1_000 },
};

/** What a busy machine needs: a bot that is slow there is not ill. Milliseconds. */
const PATIENT = { healthInterval: 1_000, health: 60_000 };

export async function openBotFixture(
  options: {
    discord?: DiscordOptions;
    config?: Record<string, unknown>;
    publicUrl?: string;
    before?: (discord: Discord) => void;
  } = {},
): Promise<BotFixture> {
  const discord = await startDiscord({
    rateLimits: QUICK,
    ...options.discord,
    gateway: { identifyMs: 10, ...options.discord?.gateway },
  });
  discord.world.answerMs = 120_000;
  const ada = discord.world.addUser('ada');
  const bob = discord.world.addUser('bob');
  const guild = discord.world.addGuild('Home', ada, [bob]);
  const channel = discord.world.addChannel(guild, 'general');
  options.before?.(discord);
  let place = await openPluginFixture({ plugins: ['discord'], times: PATIENT, publicUrl: options.publicUrl });
  const config = { token: discord.token, api: discord.api, askConsent: false, maxTokens: 12, ...options.config };
  // Texts are given as they are, everything else as JSON.
  const values = Object.entries(config).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));
  await place.admin.request(
    `mutation ($input: PluginConfigInput!) {
      configurePlugin(name: "discord", input: $input) { status }
      startPlugin(name: "discord") { status }
    }`,
    { input: { values } },
  );
  await place.until('discord', ({ status }) => status === 'RUNNING');
  const bot = discord.world.application.userId;
  const answersTo = (question: Message) =>
    discord.world.messagesIn(question.channelId).filter(({ reference }) => reference?.messageId === question.id);

  const fixture: BotFixture = {
    discord,
    get place() {
      return place;
    },
    ada,
    bob,
    guild,
    channel,
    bot,
    ask: (user, text, channelId = channel.id, replyTo) => {
      const direct = discord.world.channel(channelId).guildId === undefined;
      return discord.people.say(user, channelId, direct ? text : `<@${bot}> ${text}`, { replyTo });
    },
    reply: (question, reactions = 5) =>
      discord.until(`the reply to ${question.content}`, () => {
        const [first] = answersTo(question);
        return first && first.reactions.size >= reactions ? first : undefined;
      }),
    verdicts: async (user) => {
      const document = `query ($ref: MemberRef!) { member(ref: $ref) { id } }`;
      const { member } = await place.admin.request(document, { ref: { platform: 'discord', externalId: user.id } });
      if (!member) return [];
      const query = `query ($id: ID!) { feedback(memberId: $id, first: 100) { nodes { id verdict state generation { id } chosen { text } } } }`;
      const data = await place.admin.request(query, { id: (member as { id: string }).id });
      const { nodes } = data.feedback as {
        nodes: {
          id: string;
          verdict: string;
          state: string;
          generation: { id: string };
          chosen: { text: string } | null;
        }[];
      };
      return nodes.map(({ id, verdict, state, generation, chosen }) => ({
        id,
        verdict,
        state,
        generation: generation.id,
        chosen: chosen?.text ?? null,
      }));
    },
    ledger: async (user, expected) => {
      for (let waited = 0; ; waited += 50) {
        const found = (await fixture.verdicts(user)).map(({ verdict, chosen }) =>
          chosen === null ? verdict : `${verdict} ${chosen}`,
        );
        if (found.length === (expected === null ? 0 : 1) && (found[0] ?? null) === expected) return;
        if (waited > 120_000) throw new Error(`The ledger holds ${JSON.stringify(found)}, not ${expected}.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    restart: async (between) => {
      const { folder } = place;
      await place.stop();
      await between?.();
      place = await openPluginFixture({ plugins: ['discord'], times: PATIENT, folder });
      await place.until('discord', ({ status }) => status === 'RUNNING');
    },
    close: async () => {
      await place.close();
      await discord.stop();
    },
  };
  return fixture;
}

/** The replies that a message shows, by letter. */
export function shown(message: Message): Map<string, string> {
  const parts = message.content.split(/\n\n/).flatMap((part) => /^\*\*([A-H])\*\*\n([\s\S]+)$/.exec(part) ?? []);
  const replies = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 3) replies.set(parts[i + 1], parts[i + 2]);
  return replies;
}
