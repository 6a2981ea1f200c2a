/** What a member can see and change about themselves: taste, consent, their data. Everything here only they see. */
import type { RespondFn } from '@slack/bolt';
import type { Member } from '../../src/client/index.js';
import {
  type Action,
  consentAnswered,
  consentQuestion,
  consentView,
  exportView,
  forgetQuestion,
  tasteView,
  type View,
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
  const member = await bot.client.member(memberOf(asking.user, asking.scope));
  await asking.reply(tasteView(member, asking.words));
}

export async function showConsent(bot: Bot, { user, scope, words, reply }: Asking): Promise<void> {
  const member = await bot.client.member(memberOf(user, scope));
  await reply(member ? consentView(member.consent, words) : consentQuestion(words));
}

/** The buttons of these pages. `forget` without an answer asks first. */
export async function pressPage(bot: Bot, asking: Asking, action: Action): Promise<void> {
  const { user, scope, words } = asking;
  if (action.verb === 'forget' && action.arguments[0] === undefined) return asking.reply(forgetQuestion(words));
  const member = await bot.client.member(memberOf(user, scope));
  await asking.reply(await actOn(bot, member, action, words));
}

/** What an action leads to: a sentence, or another page. */
async function actOn(
  bot: Bot,
  member: Member | null,
  { verb, arguments: [argument] }: Action,
  words: SlackWords,
): Promise<string | View> {
  if (!member) return words.taste.nothing;
  const { client } = bot;
  switch (verb) {
    case 'consent': {
      const learn = argument === 'yes';
      await client.setConsent(member.id, { learn });
      return consentAnswered(learn, words);
    }
    case 'community': {
      const { consent } = await client.setConsent(member.id, { community: argument === 'yes' });
      return consentView(consent, words);
    }
    case 'undo': {
      const version = Number(argument);
      await client.rollbackMember(member.id, version);
      return words.taste.undone(version);
    }
    case 'export':
      return exportView((await client.exportTaste(member.id)).data, words);
    case 'forget': {
      if (argument !== 'yes') return words.taste.kept;
      const { id } = await client.forgetMember(member.id);
      bot.book.forget(member.externalId);
      return words.taste.forgotten(id);
    }
    default:
      return tasteView(member, words);
  }
}
