/** What Slack tells, handed to whoever deals with it. Nothing that is thrown here ends the bot. */
import type { AllMiddlewareArgs, App, BlockAction, SlackActionMiddlewareArgs } from '@slack/bolt';
import { PalateClientError } from '../../src/client/index.js';
import { consentQuestion, decodeAction, problemText } from '../kit/index.js';
import { answer } from './asking.js';
import type { Bot } from './bot.js';
import { command } from './commands.js';
import { historyIn, promptOf } from './conversation.js';
import { drawView } from './draw.js';
import { isQuestion, type MessageEvent, questionIn, type ReactionEvent, type SlackEvent, scopeOf } from './incoming.js';
import type { Installations } from './installations.js';
import { type Asking, pressPage, publishHome, replyAtHome, replyBy } from './pages.js';
import { wordsOf } from './people.js';
import type { Asked } from './questions.js';
import type { Reconciler } from './reconcile.js';
import { memberOf } from './service.js';
import { postOnce } from './surface.js';
import { Tuning } from './tuning.js';
import { pressVote, Reactions } from './voting.js';
import { isGone } from './workspaces.js';

const TITLE = 60;

export function listen(app: App, bot: Bot, reconciler: Reconciler, installations: Installations | null): void {
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
    if (action) await tell(bot, asking, () => press(bot, tuning, asking, action));
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

/** Answers a question, new or interrupted, and keeps that it was. */
export async function onQuestion(bot: Bot, asked: Asked, event: MessageEvent, again = false): Promise<void> {
  try {
    await ask(bot, asked, event, again);
  } finally {
    if (!bot.signal.aborted) await bot.questions.done(asked);
  }
}

async function ask(bot: Bot, question: Asked, { user = '', text = '' }: MessageEvent, again: boolean): Promise<void> {
  const { ts, ...asked } = question;
  const { api, botUserId } = await bot.workspaces.at(asked.scope);
  if (user === botUserId) return;
  const settings = await bot.places.at(asked.team, [asked.channel]);
  if (!settings.answer) return;
  // Where a channel is shared, replies go into a thread; a direct conversation goes on as it is.
  const place = { ...asked, thread: asked.thread ?? (asked.direct ? undefined : ts) };
  const words = wordsOf(bot, asked.scope, user);
  const prompt = promptOf(text, botUserId);
  const key = `slack:${asked.channel}:${ts}`;
  if (prompt === '') {
    const sentence = (await words).problem.emptyPrompt;
    await postOnce(bot, place, { text: sentence, blocks: [] }, key);
    return;
  }
  const history = asked.thread || asked.direct ? await historyIn(bot, place) : [];
  if (place.direct && place.thread) {
    const thread = { channel_id: place.channel, thread_ts: place.thread };
    const quiet = (error: unknown) => bot.log.debug('A status could not be shown', { error });
    void words.then(({ slack }) => api.assistant.threads.setStatus({ ...thread, status: slack.thinking })).catch(quiet);
    if (history.length === 0)
      void api.assistant.threads.setTitle({ ...thread, title: prompt.slice(0, TITLE) }).catch(quiet);
  }
  const begunSince = again ? Number(ts) * 1_000 : undefined;
  const offered = () => bot.questions.done(question);
  await answer(bot, { asker: user, prompt, history, place, messageId: ts, key, words, settings, begunSince, offered });
}

/** Reads questions again that were taken in and never answered, and answers them. */
export async function resumeQuestions(bot: Bot): Promise<void> {
  for (const asked of await bot.questions.interrupted()) {
    const { scope, channel, thread, ts, direct } = asked;
    let message: MessageEvent | undefined;
    try {
      const { api } = await bot.workspaces.at(scope);
      const window = { channel, oldest: ts, latest: ts, inclusive: true, limit: 5 };
      const { messages = [] } = thread
        ? await api.conversations.replies({ ...window, ts: thread })
        : await api.conversations.history(window);
      message = (messages as MessageEvent[]).find((one) => one.ts === ts);
    } catch (error) {
      bot.log.info('A question could not be read again', { channel, error });
    }
    const read = message && { ...message, channel, type: direct ? 'message' : 'app_mention', channel_type: 'im' };
    if (read && isQuestion(read)) {
      await dropTornStreams(bot, asked).catch((error: unknown) => bot.log.info('A torn reply stays', { error }));
      await onQuestion(bot, asked, read, true);
    } else await bot.questions.done(asked);
  }
}

/** Deletes what was streamed of an answer that was never finished: such a message cannot be gone on with. */
async function dropTornStreams(bot: Bot, { scope, channel, thread, ts, direct }: Asked): Promise<void> {
  if (!direct || !thread) return;
  const { api, botUserId } = await bot.workspaces.at(scope);
  const { messages = [] } = await api.conversations.replies({
    channel,
    ts: thread,
    oldest: ts,
    limit: 20,
    include_all_metadata: true,
  });
  for (const message of messages) {
    const isTorn = message.user === botUserId && message.ts && message.ts > ts && !message.metadata;
    if (isTorn && !(await bot.book.find(channel, message.ts ?? '')))
      await api.chat.delete({ channel, ts: message.ts ?? '' });
  }
}

/** A new conversation beside whatever is on the screen: a few things to ask, and the question of consent. */
async function greet(bot: Bot, place: Asked | Omit<Asked, 'ts'>, user: string): Promise<void> {
  const { scope, channel, thread = '' } = place;
  const words = await wordsOf(bot, scope, user);
  const { api } = await bot.workspaces.at(scope);
  const prompts = words.tune.prompts.slice(0, 4).map((message) => ({ title: message, message }));
  const [first, ...rest] = prompts;
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
  const message = body.message?.ts ?? body.container.message_ts ?? null;
  const channel = body.channel?.id ?? null;
  const thread = body.message?.thread_ts ?? body.container.thread_ts;
  const asked = { scope, user, words };
  const reply = body.response_url ? replyBy(respond, thread) : replyAtHome(bot, asked);
  return { ...asked, team: context.teamId ?? body.team?.id ?? '', channel, message, thread, at: Date.now(), reply };
}

async function press(
  bot: Bot,
  tuning: Tuning,
  asking: Asking,
  action: NonNullable<ReturnType<typeof decodeAction>>,
): Promise<void> {
  switch (action.verb) {
    case 'vote':
      return pressVote(bot, asking, action);
    case 'tune':
      return tuning.press(asking, action);
    case 'stop':
      await bot.client.cancelGeneration(action.arguments[0]);
      return;
    default:
      return pressPage(bot, asking, action);
  }
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
