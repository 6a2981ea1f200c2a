/** The Discord bot as a plugin: connects, registers its commands, reconciles, and lets go again. */
import {
  Client,
  type DiscordjsError,
  DiscordjsErrorCodes,
  Events,
  GatewayIntentBits,
  Options,
  Partials,
  Routes,
} from 'discord.js';
import { definePlugin, type PluginContext, PluginSetupError } from '../../src/plugins/contract.js';
import { Places, reactionTable, UNICODE_REACTIONS, VoteBook } from '../kit/index.js';
import type { Bot } from './bot.js';
import { commandDefinitions } from './commands.js';
import { configSchema, type DiscordConfig } from './config.js';
import { diagnose } from './doctor.js';
import { listen } from './events.js';
import { reconcile } from './reconcile.js';
import { memberOf, PLATFORM } from './service.js';
import { Tuning } from './tuning.js';
import { bookEvents } from './voting.js';

/** Milliseconds until offers that could not be read are looked at again. */
const RECONCILE_AGAIN_MS = 60_000;

export default definePlugin({
  name: 'discord',
  version: '1.0.0',
  platform: PLATFORM,
  description: 'Answers on Discord and learns from reactions and buttons.',
  configSchema,
  diagnose,
  async start(context) {
    const bot = makeBot(context);
    if (bot.config.askConsent) await bot.client.setPlatform(PLATFORM, { asksConsent: true });
    listen(bot, new Tuning(bot));
    reconcileWhenReady(bot);
    await connect(bot);
    await registerCommands(bot);
    return {
      health: () => healthOf(bot),
      stop: async () => {
        await bot.discord.destroy();
      },
    };
  },
});

function makeBot({ client, storage, log, config, signal }: PluginContext<DiscordConfig>): Bot {
  let table: Bot['table'];
  try {
    table = reactionTable(UNICODE_REACTIONS, config.emoji);
  } catch (error) {
    throw new PluginSetupError(`The setting "emoji" is not usable. ${(error as Error).message}`);
  }
  const places = new Places(storage, config, 'guild');
  const schedule = (milliseconds: number, run: () => void) =>
    void setTimeout(() => !signal.aborted && run(), milliseconds).unref();
  const book = new VoteBook({ client, storage, log, memberOf, schedule, on: bookEvents(() => bot) });
  const bot: Bot = {
    discord: newDiscordClient(config),
    client,
    storage,
    log,
    config,
    table,
    places,
    book,
    presses: new Map(),
    signal,
  };
  return bot;
}

/** Keeps little in memory: what the bot needs of old messages it reads again. */
function newDiscordClient({ api, messageContent }: DiscordConfig): Client {
  const intents = [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.GuildMessageReactions,
    GatewayIntentBits.DirectMessages,
    GatewayIntentBits.DirectMessageReactions,
    ...(messageContent ? [GatewayIntentBits.MessageContent] : []),
  ];
  return new Client({
    intents,
    partials: [Partials.Channel, Partials.Message, Partials.Reaction, Partials.User],
    shards: 'auto',
    rest: { api },
    allowedMentions: { parse: [], repliedUser: false },
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 50,
      ReactionUserManager: 0,
      PresenceManager: 0,
    }),
  });
}

/** A fresh session may have missed anything; a resumed one is told what it missed. */
function reconcileWhenReady(bot: Bot): void {
  const { discord, log, signal } = bot;
  let running: Promise<void> = Promise.resolve();
  const look = () => {
    running = running
      .then(() => reconcile(bot))
      .then(({ read, unread }) => {
        log.info('Reactions were reconciled', { read, unread });
        if (unread > 0) setTimeout(() => !signal.aborted && look(), RECONCILE_AGAIN_MS).unref();
      })
      .catch((error: unknown) => log.error('Reactions could not be reconciled', { error }));
  };
  discord.on(Events.ShardReady, look);
  discord.on(Events.Error, (error) => log.warn('Discord reports an error', { error }));
  discord.on(Events.ShardDisconnect, ({ code }, shard) =>
    log.warn('A shard lost its connection for good', { shard, code }),
  );
  discord.rest.on('rateLimited', ({ route, retryAfter, global }) =>
    log.info('Discord asks to wait', { route, retryAfter, global }),
  );
}

/** @throws PluginSetupError where the settings, not the network, are in the way */
async function connect({ discord, config, signal }: Bot): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    discord.once(Events.ClientReady, () => resolve());
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  ready.catch(() => {});
  try {
    await discord.login(config.token);
  } catch (error) {
    await discord.destroy();
    throw setupProblem(error) ?? error;
  }
  await ready;
}

function setupProblem(error: unknown): PluginSetupError | null {
  const { code, message = '' } = error as Partial<DiscordjsError>;
  const portal = 'discord.com/developers/applications, your application, "Bot"';
  if (code === DiscordjsErrorCodes.TokenInvalid) {
    return new PluginSetupError(`Discord does not know this token. Make a new one at ${portal}, "Reset Token".`);
  }
  if (/disallowed intents/i.test(message)) {
    return new PluginSetupError(
      `The message content intent is not switched on. Switch it on at ${portal}, or set "messageContent" to false.`,
    );
  }
  return null;
}

async function registerCommands({ discord }: Bot): Promise<void> {
  const { id } = (discord as Client<true>).application;
  await discord.rest.put(Routes.applicationCommands(id), { body: commandDefinitions() });
}

function healthOf({ discord }: Bot): { ok: boolean; message: string } {
  if (!discord.isReady()) return { ok: false, message: 'Not connected to Discord; it keeps trying.' };
  const servers = discord.guilds.cache.size;
  return {
    ok: true,
    message: `Connected as ${discord.user.tag} in ${servers} ${servers === 1 ? 'server' : 'servers'}.`,
  };
}
