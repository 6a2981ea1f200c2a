/** The Slack bot as a plugin: connects, reconciles, answers what was interrupted, and lets go again. */
import { App, type Logger } from '@slack/bolt';
import { definePlugin, type PluginContext, PluginSetupError } from '../../src/plugins/contract.js';
import {
  Answers,
  ChannelSettingsStore,
  CONNECT_MS,
  emojiMapOf,
  inTime,
  NAMED_REACTIONS,
  OfferTracker,
  Questions,
  TooLate,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { newBudgets } from './budgets.js';
import { catchUp } from './catch-up.js';
import { configSchema, type SlackConfig, TITLES } from './config.js';
import { diagnose } from './doctor.js';
import { EventDedup } from './event-dedup.js';
import { listenToPlatform } from './events.js';
import { GUIDE } from './guide.js';
import { Installations } from './installations.js';
import { sdkLogger } from './logger.js';
import { type Links, openLinks } from './receivers.js';
import { Reconciler } from './reconcile.js';
import { reasonOf, refusal } from './refusals.js';
import { memberOf, PLATFORM } from './service.js';
import { appTokenProblem, Standing } from './standing.js';
import { trackerEvents } from './voting.js';
import { Workspaces } from './workspaces.js';

const HOUR_MS = 3_600_000;
const SILENCE =
  'Slack gave an address for the socket, and nothing answers there. A firewall or proxy may be in the way of this machine, or Slack has an outage (slack-status.com).';

export default definePlugin({
  name: 'slack',
  version: '1.0.0',
  platform: PLATFORM,
  description: 'Answers on Slack and learns from reactions and buttons.',
  guide: GUIDE,
  configSchema,
  diagnose,
  async start(context) {
    const { config, client, signal, log, storage } = context;
    const logger = sdkLogger(log);
    const installations = config.botToken === undefined ? new Installations(storage, config.clientSecret ?? '') : null;
    const links = openLinks(config, installations, logger);
    context.onEnd('the connection to Slack', () => links.end());
    const bot = makeBot(context, links, installations, logger);
    log.info(`Asking Slack at ${config.api} about the bot token`);
    await bot.workspaces.verify();
    signal.throwIfAborted();
    // Only an admin may end it, and does so for the platform.
    if (config.askConsent) await client.setPlatform(PLATFORM, { asksConsent: true });
    const reconciler = new Reconciler(bot);
    const standing = new Standing(config, bot.workspaces, links);
    listenToPlatform(makeApp(bot, links, logger), bot, reconciler, { installations, standing });
    const lookAgain = catchingUp(bot, reconciler);
    const hourly = setInterval(lookAgain, HOUR_MS).unref();
    context.onEnd('the hourly look', () => clearInterval(hourly));
    log.info('Connecting to Slack');
    await connect(links, config, signal);
    lookAgain();
    links.onConnect(lookAgain);
    return { health: () => standing.health(), stop: () => {} };
  },
});

function makeBot(
  { client, storage, log, config, signal }: PluginContext<SlackConfig>,
  links: Links,
  installations: Installations | null,
  logger: Logger,
): Bot {
  const emojiMap = emojiMapOf(NAMED_REACTIONS, config);
  const { installer } = links;
  const several = installations && installer ? { installations, installer: () => installer } : null;
  const workspaces = new Workspaces(config, logger, several);
  const settings = new ChannelSettingsStore(storage, config, 'team');
  const schedule = (milliseconds: number, run: () => void) =>
    void setTimeout(() => !signal.aborted && run(), milliseconds).unref();
  const tracker = new OfferTracker({ client, storage, log, memberOf, schedule, on: trackerEvents(() => bot) });
  const bot: Bot = {
    workspaces,
    client,
    storage,
    log,
    config,
    emojiMap,
    settings,
    questions: new Questions(storage),
    answers: new Answers(client),
    budgets: newBudgets(),
    tracker,
    signal,
  };
  return bot;
}

function makeApp(bot: Bot, { receiver }: Links, logger: Logger): App {
  return new App({
    receiver: new EventDedup(receiver, bot.questions),
    authorize: (source) => bot.workspaces.authorize(source),
    convoStore: false,
    logger,
    clientOptions: { slackApiUrl: bot.config.api },
  });
}

/** @throws PluginSetupError where the settings, not the network, are in the way */
async function connect(links: Links, { api }: SlackConfig, signal: AbortSignal): Promise<void> {
  const starting = links.start();
  starting.catch(() => undefined);
  try {
    await inTime(starting, CONNECT_MS, signal, () => SILENCE);
  } catch (error) {
    if (signal.aborted || error instanceof TooLate) throw error;
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new PluginSetupError(`The port is not free (${code}). Set another "${TITLES.port}".`, { cause: error });
    }
    const why = refusal(error);
    if (why !== null) throw appTokenProblem(why, error);
    throw new Error(`${reasonOf(error, api)}.`, { cause: error });
  }
}

/** Reads what may have been missed; one time after the other. */
function catchingUp(bot: Bot, reconciler: Reconciler): () => void {
  let running: Promise<void> = Promise.resolve();
  return () => {
    running = running
      .then(async () => {
        if (bot.signal.aborted) return;
        bot.log.info('Reactions were reconciled', { offers: await catchUp(bot, reconciler) });
      })
      .catch((error: unknown) => {
        if (!bot.signal.aborted) bot.log.error('Reactions could not be reconciled', { error });
      });
  };
}
