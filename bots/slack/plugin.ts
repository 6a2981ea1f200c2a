/** The Slack bot as a plugin: connects, reconciles, answers what was interrupted, and lets go again. */
import { App, type Logger } from '@slack/bolt';
import { definePlugin, type PluginContext, PluginSetupError } from '../../src/plugins/contract.js';
import { Answers, NAMED_REACTIONS, Places, Questions, reactionTable, VoteBook } from '../kit/index.js';
import type { Bot } from './bot.js';
import { newBudgets } from './budgets.js';
import { catchUp } from './catch-up.js';
import { configSchema, type SlackConfig } from './config.js';
import { diagnose } from './doctor.js';
import { listen } from './events.js';
import { Gate } from './gate.js';
import { Installations } from './installations.js';
import { sdkLogger } from './logger.js';
import { type Links, openLinks } from './receivers.js';
import { Reconciler } from './reconcile.js';
import { memberOf, PLATFORM } from './service.js';
import { bookEvents } from './voting.js';
import { refusal, Workspaces } from './workspaces.js';

const HOUR_MS = 3_600_000;
/** How long a lost connection may take to come back before it counts as trouble. */
const PATIENCE_MS = 60_000;

export default definePlugin({
  name: 'slack',
  version: '1.0.0',
  platform: PLATFORM,
  description: 'Answers on Slack and learns from reactions and buttons.',
  configSchema,
  diagnose,
  async start(context) {
    const { config, client, signal, log, storage } = context;
    const logger = sdkLogger(log);
    const installations = config.botToken === undefined ? new Installations(storage, config.clientSecret ?? '') : null;
    const links = openLinks(config, installations, logger, signal);
    const bot = makeBot(context, links, installations, logger);
    await bot.workspaces.verify();
    // Only an admin may end it, and does so for the platform.
    if (config.askConsent) await client.setPlatform(PLATFORM, { asksConsent: true });
    const reconciler = new Reconciler(bot);
    listen(makeApp(bot, links, logger), bot, reconciler, installations);
    const lookAgain = catchingUp(bot, reconciler);
    const hourly = setInterval(lookAgain, HOUR_MS).unref();
    signal.addEventListener('abort', () => clearInterval(hourly), { once: true });
    await connect(links);
    lookAgain();
    links.onConnect(lookAgain);
    return { health: healthOf(bot, links), stop: () => links.stop() };
  },
});

function makeBot(
  { client, storage, log, config, signal }: PluginContext<SlackConfig>,
  links: Links,
  installations: Installations | null,
  logger: Logger,
): Bot {
  let table: Bot['table'];
  try {
    table = reactionTable(NAMED_REACTIONS, config.emoji);
  } catch (error) {
    throw new PluginSetupError(`The setting "emoji" is not usable. ${(error as Error).message}`);
  }
  const { installer } = links;
  const several = installations && installer ? { installations, installer: () => installer } : null;
  const workspaces = new Workspaces(config, logger, several);
  const places = new Places(storage, config, 'team');
  const schedule = (milliseconds: number, run: () => void) =>
    void setTimeout(() => !signal.aborted && run(), milliseconds).unref();
  const book = new VoteBook({ client, storage, log, memberOf, schedule, on: bookEvents(() => bot) });
  const bot: Bot = {
    workspaces,
    client,
    storage,
    log,
    config,
    table,
    places,
    questions: new Questions(storage),
    answers: new Answers(client),
    budgets: newBudgets(),
    book,
    signal,
  };
  return bot;
}

function makeApp(bot: Bot, { receiver }: Links, logger: Logger): App {
  return new App({
    receiver: new Gate(receiver, bot.questions),
    authorize: (source) => bot.workspaces.authorize(source),
    convoStore: false,
    logger,
    clientOptions: { slackApiUrl: bot.config.api },
  });
}

/** @throws PluginSetupError where the settings, not the network, are in the way */
async function connect(links: Links): Promise<void> {
  try {
    await links.start();
  } catch (error) {
    await links.stop();
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new PluginSetupError(`The port is not free (${code}). Set another "port".`, { cause: error });
    }
    if (refusal(error) === null) throw error;
    throw new PluginSetupError(
      `Slack does not take the app-level token (${refusal(error)}). Make one with connections:write at api.slack.com/apps, your app, "Basic Information", and switch on Socket Mode.`,
      { cause: error },
    );
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

function healthOf(bot: Bot, links: Links) {
  let lost: number | null = null;
  return async () => {
    if (links.isConnected()) lost = null;
    else lost ??= Date.now();
    if (lost !== null && Date.now() - lost > PATIENCE_MS) {
      return { ok: false, message: 'Not connected to Slack; it keeps trying.' };
    }
    if (lost !== null) return { ok: true, message: 'The connection to Slack was lost; it is being made anew.' };
    const count = (await bot.workspaces.scopes()).length;
    if (count === 0) return { ok: true, message: `Install it: ${bot.config.publicUrl}/slack/install` };
    return { ok: true, message: `Connected in ${count} ${count === 1 ? 'workspace' : 'workspaces'}.` };
  };
}
