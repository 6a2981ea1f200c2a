/** The Discord bot as a plugin: connects, registers its commands, reconciles, and lets go again. */
import { type Client, Events, Routes } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { definePlugin, type PluginContext } from '../../src/plugins/contract.js';
import {
  Answers,
  ChannelSettingsStore,
  emojiMapOf,
  OfferTracker,
  Questions,
  UNICODE_REACTIONS,
  WriteBudget,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { catchUp } from './catch-up.js';
import { commandDefinitions } from './commands.js';
import { configSchema, type DiscordConfig, TITLES } from './config.js';
import { DiscordConnection } from './connection.js';
import { diagnose } from './doctor.js';
import { listenToPlatform } from './events.js';
import { memberOf, PLATFORM } from './service.js';
import { CHANNEL_WRITES } from './surface.js';
import { Tuning } from './tuning.js';
import { trackerEvents } from './voting.js';

/** Milliseconds until offers that could not be read are looked at again. */
const RECONCILE_AGAIN_MS = 60_000;
/** Discord takes what is said through a press for a quarter of an hour. */
const PRESSES = { max: 2_000, ttl: 14 * 60_000 };

export default definePlugin({
  name: 'discord',
  version: '1.0.0',
  platform: PLATFORM,
  description: 'Answers on Discord and learns from reactions and buttons.',
  guide: `1. At [discord.com/developers/applications](https://discord.com/developers/applications) make an application. On its page *Bot* press *Reset Token*; it goes into *${TITLES.token}*.
2. When it is set, press *Check*: it gives the invitation that brings the bot into your server.`,
  configSchema,
  diagnose,
  async start(context) {
    const connection = new DiscordConnection(context);
    const bot = makeBot(context, connection.discord);
    if (bot.config.askConsent) await bot.client.setPlatform(PLATFORM, { asksConsent: true });
    listenToPlatform(bot, new Tuning(bot));
    reconcileWhenReady(bot);
    await connection.connect();
    await registerCommands(bot);
    return { health: () => connection.health(), stop: () => {} };
  },
});

function makeBot({ client, storage, log, config, signal }: PluginContext<DiscordConfig>, discord: Client): Bot {
  const emojiMap = emojiMapOf(UNICODE_REACTIONS, config);
  const settings = new ChannelSettingsStore(storage, config, 'guild');
  const schedule = (milliseconds: number, run: () => void) =>
    void setTimeout(() => !signal.aborted && run(), milliseconds).unref();
  const tracker = new OfferTracker({ client, storage, log, memberOf, schedule, on: trackerEvents(() => bot) });
  const bot: Bot = {
    discord,
    client,
    storage,
    log,
    config,
    emojiMap,
    settings,
    tracker,
    questions: new Questions(storage),
    answers: new Answers(client),
    edits: new WriteBudget(CHANNEL_WRITES),
    posts: new WriteBudget(CHANNEL_WRITES),
    presses: new LRUCache(PRESSES),
    signal,
  };
  return bot;
}

/** A fresh session may have missed anything; a resumed one is told what it missed. */
function reconcileWhenReady(bot: Bot): void {
  const { discord, log, signal } = bot;
  let running: Promise<void> = Promise.resolve();
  const look = () => {
    running = running
      .then(() => catchUp(bot))
      .then(({ read, unread }) => {
        log.info('Reactions were reconciled', { read, unread });
        if (unread > 0) setTimeout(() => !signal.aborted && look(), RECONCILE_AGAIN_MS).unref();
      })
      .catch((error: unknown) => log.error('Reactions could not be reconciled', { error }));
  };
  discord.on(Events.ShardReady, look);
}

async function registerCommands({ discord, signal }: Bot): Promise<void> {
  const { id } = (discord as Client<true>).application;
  try {
    await discord.rest.put(Routes.applicationCommands(id), { body: commandDefinitions(), signal });
  } catch (error) {
    throw new Error(`The commands could not be registered with Discord (${(error as Error).message}).`, {
      cause: error,
    });
  }
}
