/** Posting and changing messages so that trouble on the way neither loses nor doubles one. */
import { setTimeout as delay } from 'node:timers/promises';
import type { types } from '@slack/bolt';
import { backOff } from '../../src/common/back-off.js';
import type { Bot } from './bot.js';
import type { Place } from './place.js';
import { isAmbiguous, refusal, waitOf } from './refusals.js';

export interface Content {
  text: string;
  blocks: types.KnownBlock[];
}

const ATTEMPTS = 8;
/** Milliseconds before what Slack did not answer is tried again. */
export const AGAIN = { first: 250 };
const QUIET = { unfurl_links: false, unfurl_media: false, link_names: false, parse: 'none' } as const;
const EVENT = 'palate_reply';

/**
 * Posts a message, and gives its timestamp. Where an answer of Slack's got lost it looks whether the message is there:
 * `key` is carried in the message's metadata. Where it may not look it posts again.
 */
export async function postOnce(bot: Bot, place: Place, content: Content, key: string): Promise<string> {
  const { once } = await bot.workspaces.at(place.scope);
  const metadata = { event_type: EVENT, event_payload: { key } };
  const since = Date.now();
  for (let attempt = 0; ; attempt++) {
    await bot.budgets.posts.lane(place.channel).turn('FINAL');
    try {
      const { channel, thread } = place;
      const { ts } = await once.chat.postMessage({ channel, thread_ts: thread, ...content, ...QUIET, metadata });
      return ts as string;
    } catch (error) {
      const wait = waitOf(error);
      if (attempt >= ATTEMPTS || (wait === null && !isAmbiguous(error))) throw error;
      await delay(wait ?? backOff(attempt, AGAIN), undefined, { signal: bot.signal });
      if (wait !== null) continue;
      const found = await findByKey(bot, place, since, key);
      if (found) return found;
    }
  }
}

/** The message that carries a key, among those written in a place since a moment; null where there is none to be seen. */
export function findByKey(bot: Bot, place: Place, since: number, key: string): Promise<string | null> {
  return findPosted(bot, place, since, ({ metadata }) => metadata?.event_payload?.key === key);
}

interface SeenMessage {
  ts?: string;
  user?: string;
  metadata?: { event_payload?: { key?: string } };
}

/** The bot's message in a place that `fits`, among those written since a moment; null where there is none to be seen. */
export async function findPosted(
  bot: Bot,
  { scope, channel, thread }: Place,
  since: number,
  fits: (message: SeenMessage) => boolean,
): Promise<string | null> {
  const { api, botUserId } = await bot.workspaces.at(scope);
  // Slack's clock and ours may differ.
  const window = { channel, oldest: String(since / 1_000 - 60), include_all_metadata: true, limit: 200 };
  try {
    const { messages = [] } = thread
      ? await api.conversations.replies({ ...window, ts: thread })
      : await api.conversations.history(window);
    const seen = messages as SeenMessage[];
    return seen.find((message) => message.user === botUserId && fits(message))?.ts ?? null;
  } catch (error) {
    if (refusal(error) === null) throw error;
    bot.log.info('It cannot be seen whether a message was posted', { channel, reason: refusal(error) });
    return null;
  }
}

/** Changes a message that grows nothing, when the workspace's budget has room for it. */
export async function changeInTurn(bot: Bot, place: Place, ts: string, content: Content): Promise<void> {
  await bot.budgets.updates.lane(place.team).turn('CONTROL');
  await change(bot, place, ts, content);
}

/** Changes a message at once: for those whose turn it is. */
export async function change(bot: Bot, { scope, channel }: Place, ts: string, content: Content): Promise<void> {
  const { api } = await bot.workspaces.at(scope);
  await api.chat.update({ channel, ts, ...content });
}
