/** A local Discord with a guild in it, and real discord.js clients on it, for one test at a time. */
import {
  ActionRowBuilder,
  ButtonBuilder,
  ButtonStyle,
  Client,
  type ClientOptions,
  DiscordAPIError,
  Events,
  GatewayIntentBits,
  Partials,
  type TextChannel,
} from 'discord.js';
import { afterEach } from 'vitest';
import { type Discord, type DiscordOptions, startDiscord } from './server.js';

export const INTENTS = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.GuildMessageReactions,
  GatewayIntentBits.DirectMessages,
  GatewayIntentBits.DirectMessageReactions,
];

/** The one of the running test. */
export let discord: Discord;
const clients: Client[] = [];

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.destroy()));
  await discord.stop();
});

export async function start(options: DiscordOptions = {}) {
  discord = await startDiscord(options);
  const ada = discord.world.addUser('ada');
  const bob = discord.world.addUser('bob');
  const guild = discord.world.addGuild('Home', ada, [bob]);
  const channel = discord.world.addChannel(guild, 'general');
  return { ada, bob, guild, channel };
}

/** A client that is ended after the test. */
export function newClient(options: Partial<ClientOptions> = {}): Client {
  const client = new Client({
    intents: INTENTS,
    partials: [Partials.Channel, Partials.Message, Partials.Reaction, Partials.User],
    ...options,
    rest: { api: discord.api, ...options.rest },
  });
  clients.push(client);
  client.on(Events.Error, () => {});
  return client;
}

/** A client that is ready, with its guilds. */
export async function connect(options: Partial<ClientOptions> = {}): Promise<Client<true>> {
  const client = newClient(options);
  const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(discord.token);
  return ready;
}

export function next<T>(client: Client, event: string): Promise<T> {
  return new Promise((resolve) => client.once(event, resolve as (value: unknown) => void));
}

export async function textChannel(client: Client, id: string): Promise<TextChannel> {
  return (await client.channels.fetch(id)) as TextChannel;
}

/** Status and code of an answer of Discord's that is an error. */
export function codeOf(error: unknown): unknown {
  return error instanceof DiscordAPIError ? [error.status, error.code] : error;
}

export function button(id: string): ButtonBuilder {
  return new ButtonBuilder().setCustomId(id).setLabel(id).setStyle(ButtonStyle.Primary);
}

export function row(...buttons: ButtonBuilder[]): ActionRowBuilder<ButtonBuilder> {
  return new ActionRowBuilder<ButtonBuilder>().addComponents(...buttons);
}
