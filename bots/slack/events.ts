/** What Slack tells, handed to whoever deals with it. Nothing that is thrown here ends the bot. */
import type { AllMiddlewareArgs, App, BlockAction, SlackActionMiddlewareArgs } from '@slack/bolt';
import { PalateClientError } from '../../src/client/index.js';
import {
  type Action,
  consentQuestion,
  decodeAction,
  isGenuine,
  mayPress,
  problemText,
  type Verb,
  whoMay,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { command } from './commands.js';
import { drawView } from './draw.js';
import { type MessageEvent, questionIn, type ReactionEvent, type SlackEvent, scopeOf } from './incoming.js';
import type { Installations } from './installations.js';
import { type Asking, pressPage, publishHome, replyAtHome, replyBy } from './pages.js';
import { managesWorkspace, wordsOf } from './people.js';
import type { Place } from './place.js';
import { onQuestion } from './questions.js';
import type { Reconciler } from './reconcile.js';
import { isGone } from './refusals.js';
import { memberOf } from './service.js';
import type { Standing } from './standing.js';
import { postOnce } from './surface.js';
import { Tuning } from './tuning.js';
import { pressContinue, pressVote, Reactions } from './voting.js';

/** What hears of installations that are gone. */
interface Watchers {
  installations: Installations | null;
  standing: Standing;
}

export function listenToPlatform(
  app: App,
  bot: Bot,
  reconciler: Reconciler,
  { installations, standing }: Watchers,
): void {
  const tuning = new Tuning(bot);
  const reactions = new Reactions(bot, reconciler);
  const safely = (what: string, work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      if (!isGone(error) && !bot.signal.aborted) bot.log.error(what, { error });
    });

  const onMessage = async ({ body, event }: { body: unknown; event: unknown }) => {
    const asked = questionIn(body as SlackEvent);
    if (asked) await safely('A message could not be answered', onQuestion(bot, asked, event as MessageEvent));
  };
  app.event('app_mention', onMessage);
  app.event('message', onMessage);
  for (const type of ['reaction_added', 'reaction_removed']) {
    app.event(type, async ({ event }) => {
      await safely('A reaction could not be taken in', reactions.take(event as unknown as ReactionEvent));
    });
  }
  app.event('assistant_thread_started', async ({ event, context }) => {
    const { user_id: user, channel_id: channel, thread_ts: thread } = event.assistant_thread;
    const place = { scope: scopeOf(context), team: context.teamId ?? '', channel, thread, direct: true };
    await safely('A conversation could not be opened', greet(bot, place, user));
  });
  app.event('app_home_opened', async ({ event, context }) => {
    if (event.tab !== 'home') return;
    const scope = scopeOf(context);
    const words = await wordsOf(bot, scope, event.user);
    await safely('The home page could not be shown', publishHome(bot, { scope, user: event.user, words }));
  });
  for (const type of ['app_uninstalled', 'tokens_revoked']) {
    app.event(type, async ({ context, event }) => {
      const revoked = (event as { tokens?: { bot?: string[] } }).tokens;
      if (type === 'tokens_revoked' && !revoked?.bot?.length) return;
      standing.lookSoon();
      const { isEnterpriseInstall, enterpriseId, teamId } = context;
      const query = { isEnterpriseInstall, enterpriseId, teamId };
      await safely('An installation could not be removed', removeInstallation(installations, query));
    });
  }
  app.command('/palate', async ({ ack, command: used, respond, context }) => {
    await ack();
    const { user_id: user, channel_id: channel, team_id: team, trigger_id: id, text } = used;
    const scope = scopeOf(context);
    const words = await wordsOf(bot, scope, user);
    const reply = replyBy(respond);
    const asking: Asking = { scope, team, user, words, channel, message: null, at: Date.now(), reply };
    await tell(bot, asking, () => command(bot, tuning, asking, text ?? '', id));
  });
  app.action<BlockAction>(/^palate:/, async (pressed) => {
    await pressed.ack();
    const asking = await askingOf(bot, pressed);
    const action = 'action_id' in pressed.action ? decodeAction(pressed.action.action_id) : null;
    await tell(bot, asking, () => press(bot, tuning, asking, action));
  });
  app.error(async (error) => {
    bot.log.warn('Something that Slack sent could not be dealt with', { error });
  });
}

async function removeInstallation(
  installations: Installations | null,
  query: { isEnterpriseInstall: boolean; enterpriseId?: string; teamId?: string },
): Promise<void> {
  const scope = query.isEnterpriseInstall ? query.enterpriseId : query.teamId;
  if (scope !== undefined) await installations?.remove(scope);
}

/** A new conversation beside whatever is on the screen: a few things to ask, and the question of consent. */
async function greet(bot: Bot, place: Place, user: string): Promise<void> {
  const { scope, channel, thread = '' } = place;
  const words = await wordsOf(bot, scope, user);
  const { api } = await bot.workspaces.at(scope);
  const [first, ...rest] = words.slack.suggested.map((message) => ({ title: message, message }));
  await api.assistant.threads.setSuggestedPrompts({
    channel_id: channel,
    thread_ts: thread,
    prompts: [first, ...rest],
  });
  const key = `asked/${scope}/${user}`;
  if (!bot.config.askConsent || (await bot.storage.get(key)) !== null) return;
  const member = await bot.client.member(memberOf(user, scope));
  if (member && member.consent.learn !== 'UNASKED') return;
  await postOnce(bot, place, drawView(consentQuestion(words)), `consent:${thread}`);
}

type Pressed = SlackActionMiddlewareArgs<BlockAction> & AllMiddlewareArgs;

/** Who pressed, and how they are answered: beside the message, or on the home page. */
async function askingOf(bot: Bot, { body, context, respond }: Pressed): Promise<Asking> {
  const scope = scopeOf(context);
  const user = body.user.id;
  const words = await wordsOf(bot, scope, user);
  const message = body.message?.ts ?? body.container?.message_ts ?? null;
  const channel = body.channel?.id ?? null;
  const thread = body.message?.thread_ts ?? body.container?.thread_ts ?? undefined;
  const asked = { scope, user, words };
  const reply = body.response_url ? replyBy(respond, thread) : replyAtHome(bot, asked);
  return { ...asked, team: context.teamId ?? body.team?.id ?? '', channel, message, thread, at: Date.now(), reply };
}

/** A button. Who may press it is looked up before anything is done; whoever may not is told so, and nobody else hears of it. */
async function press(bot: Bot, tuning: Tuning, asking: Asking, action: Action | null): Promise<void> {
  const refused = action ? await refusalOf(bot, asking, action) : asking.words.vote.expired;
  if (!action || refused !== null) return asking.reply(refused ?? '');
  await PRESSES[action.verb](bot, asking, action, tuning);
}

type Press = (bot: Bot, asking: Asking, action: Action, tuning: Tuning) => Promise<unknown>;

const PRESSES: Readonly<Record<Verb, Press>> = {
  vote: pressVote,
  stop: ({ answers }, _, { arguments: [generationId] }) => answers.stop(generationId),
  continue: pressContinue,
  consent: async (bot, asking, action, tuning) => {
    const [answer, then] = action.arguments;
    await pressPage(bot, asking, action);
    if (answer === 'yes' && then === 'tune') await tuning.start(asking);
  },
  community: pressPage,
  taste: pressPage,
  undo: pressPage,
  forget: pressPage,
  export: pressPage,
  tune: (_, asking, action, tuning) => tuning.press(asking, action),
};

/** Why somebody may not press a button; null where they may. */
async function refusalOf(
  bot: Bot,
  { scope, user, channel, message, words: { vote } }: Asking,
  action: Action,
): Promise<string | null> {
  if (!isGenuine(action)) return vote.expired;
  if (whoMay(action) === 'ANYBODY') return null;
  const isStop = action.verb === 'stop';
  const asker = isStop
    ? bot.answers.askerOf(action.arguments[0], channel)
    : ((channel && message ? await bot.tracker.find(channel, message) : null)?.asker ?? null);
  if (asker === null) return isStop ? vote.notWritten : vote.expired;
  const manages = () => managesWorkspace(bot, scope, user);
  return (await mayPress(action, { id: user, manages }, asker)) ? null : vote.notYours;
}

/** Does what somebody asked for; says to them that something went wrong where it did. */
async function tell(bot: Bot, { words, reply }: Asking, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (bot.signal.aborted) return;
    const known = error instanceof PalateClientError ? error : null;
    if (!known) bot.log.error('An interaction failed', { error });
    await reply(problemText(known ?? { code: 'INTERNAL' }, words)).catch((failure: unknown) => {
      bot.log.warn('A problem could not be told', { error: failure });
    });
  }
}
