/** What a member can see and change about themselves: taste, consent, their data. Everything here only they see. */
import type { RespondFn } from '@slack/bolt';
import {
  type Action,
  actOn,
  consentQuestion,
  consentView,
  forgetQuestion,
  tasteView,
  type View,
  withConsole,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawHome, drawView } from './draw.js';
import { memberOf } from './service.js';
import type { SlackWords } from './words.js';

/** Somebody who used a command or pressed a button, and how they are answered. */
export interface Asking {
  scope: string;
  team: string;
  user: string;
  words: SlackWords;
  /** Where, and under which message; null on the app's home. */
  channel: string | null;
  message: string | null;
  thread?: string;
  /** Milliseconds since 1970. */
  at: number;
  /** Says something to them alone. */
  reply(what: View | string): Promise<void>;
}

/** Answers by the address that came with a command or a press. */
export function replyBy(respond: RespondFn, thread?: string): Asking['reply'] {
  return async (what) => {
    const content = typeof what === 'string' ? { text: what } : drawView(what);
    await respond({
      ...content,
      response_type: 'ephemeral',
      replace_original: false,
      ...(thread !== undefined && { thread_ts: thread }),
    });
  };
}

/** Answers on the app's home: what was asked for stands above the taste. */
export function replyAtHome(bot: Bot, asked: Pick<Asking, 'scope' | 'user' | 'words'>): Asking['reply'] {
  return (what) => publishHome(bot, asked, what);
}

export async function publishHome(
  bot: Bot,
  { scope, user, words }: Pick<Asking, 'scope' | 'user' | 'words'>,
  answer: View | string | null = null,
): Promise<void> {
  const member = await bot.client.member(memberOf(user, scope));
  const taste = tasteView(member, words);
  const consent = member ? consentView(member.consent, words) : null;
  const { api } = await bot.workspaces.at(scope);
  const asked = answer ?? (consent && member?.consent.learn === 'UNASKED' ? consent : null);
  await api.views.publish({ user_id: user, view: drawHome(taste, asked) });
}

export async function showTaste(bot: Bot, asking: Asking): Promise<void> {
  const { user, scope, words } = asking;
  const ref = memberOf(user, scope);
  const page = tasteView(await bot.client.member(ref), words);
  await asking.reply(await withConsole(bot, ref, words, page));
}

export async function showConsent(bot: Bot, { user, scope, words, reply }: Asking): Promise<void> {
  const member = await bot.client.member(memberOf(user, scope));
  await reply(member ? consentView(member.consent, words) : consentQuestion(words));
}

/** The buttons of these pages. `forget` without an answer asks first. */
export async function pressPage(bot: Bot, asking: Asking, action: Action): Promise<void> {
  const { user, scope, words } = asking;
  if (action.verb === 'forget' && action.arguments[0] === undefined) return asking.reply(forgetQuestion(words));
  await asking.reply(await actOn(bot, memberOf(user, scope), action, words));
}
