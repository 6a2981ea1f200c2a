/** What Slack says about people: their language, and whether they manage the workspace. */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Bot } from './bot.js';
import { type SlackWords, slackWords } from './words.js';

const HELD = 5_000;
const PATIENCE_MS = 3_000;
const languages = new WeakMap<Bot, LRUCache<string, Promise<string | undefined>>>();

/** The words for a person; English ones where Slack does not say what they speak in good time. */
export async function wordsOf(bot: Bot, scope: string, userId: string): Promise<SlackWords> {
  const known = languages.get(bot) ?? new LRUCache<string, Promise<string | undefined>>({ max: HELD });
  languages.set(bot, known);
  const key = `${scope}/${userId}`;
  const asked = known.get(key) ?? localeOf(bot, scope, userId);
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  try {
    return slackWords(await Promise.race([asked, delay(PATIENCE_MS, undefined, { ref: false })]));
  } catch (error) {
    bot.log.info('A language could not be asked for', { error });
    return slackWords(undefined);
  }
}

async function localeOf(bot: Bot, scope: string, user: string): Promise<string | undefined> {
  const { api } = await bot.workspaces.at(scope);
  return (await api.users.info({ user, include_locale: true })).user?.locale;
}

export async function managesWorkspace(bot: Bot, scope: string, user: string): Promise<boolean> {
  const { api } = await bot.workspaces.at(scope);
  const { user: found } = await api.users.info({ user });
  return found?.is_admin === true || found?.is_owner === true;
}
