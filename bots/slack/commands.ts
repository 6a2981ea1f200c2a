/** /palate and the word behind it. */
import { type GroupSettings, PLATFORM_LIMITS, REPLY_TOKENS } from '../kit/index.js';
import type { Bot } from './bot.js';
import { escapeText } from './mrkdwn.js';
import { type Asking, showConsent, showTaste } from './pages.js';
import { managesWorkspace } from './people.js';
import type { Place } from './place.js';
import { answerCommand } from './questions.js';
import { isGone, refusal } from './refusals.js';
import { postOnce } from './surface.js';
import type { Tuning } from './tuning.js';

/** `id`: tells this use of the command from all others. */
export async function command(bot: Bot, tuning: Tuning, asking: Asking, text: string, id: string): Promise<void> {
  const [, word = '', rest = ''] = /^\s*(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  switch (word.toLowerCase()) {
    case 'ask':
      return ask(bot, asking, rest.trim(), id);
    case 'taste':
      return showTaste(bot, asking);
    case 'consent':
      return showConsent(bot, asking);
    case 'tune':
      return tuning.start(asking);
    case 'settings':
      return administer(bot, asking, rest);
    default:
      return asking.reply(asking.words.slack.usage);
  }
}

/** Shows the question, since a command is seen by nobody else, and answers in a thread below it. */
async function ask(bot: Bot, asking: Asking, prompt: string, id: string): Promise<void> {
  const { scope, team, words, channel } = asking;
  if (channel === null) return;
  const settings = await bot.settings.at(team, [channel]);
  if (!settings.answer) return asking.reply(words.problem.channelOff);
  if (prompt === '') return asking.reply(words.problem.emptyPrompt);
  const place: Place = { scope, team, channel, direct: channel.startsWith('D') };
  const quote = escapeText(prompt).slice(0, PLATFORM_LIMITS.slack.block).replaceAll(/^/gm, '> ');
  let thread: string;
  try {
    const blocks = [{ type: 'section' as const, text: { type: 'mrkdwn' as const, text: quote.slice(0, 3_000) } }];
    thread = await postOnce(bot, place, { text: quote, blocks }, `slack:${id}`);
  } catch (error) {
    if (!isGone(error)) throw error;
    if (refusal(error) === 'is_archived') return asking.reply(words.slack.archived(`<#${channel}>`));
    const { botUserId } = await bot.workspaces.at(scope);
    return asking.reply(words.slack.inviteMe(`<#${channel}>`, `<@${botUserId}>`));
  }
  await answerCommand(bot, asking, { ...place, thread }, prompt, settings, id);
}

/** settings [answer on|off] [learn on|off] [length 8-1024] for this channel, [candidates 1-4] [tokens 8-1024] for the workspace. */
async function administer(bot: Bot, asking: Asking, text: string): Promise<void> {
  const { scope, team, user, words, channel } = asking;
  if (!(await managesWorkspace(bot, scope, user))) return asking.reply(words.problem.adminsOnly);
  const wanted = readSettings(text);
  if (!wanted) return asking.reply(words.slack.usage);
  const change = (present: GroupSettings) => changed(present, wanted, channel ?? '');
  const settings = await bot.settings.change(team, change);
  const view = await bot.settings.view(settings, bot.client, words, (id) => id);
  await asking.reply({ ...view, text: Object.keys(wanted).length > 0 ? [words.admin.saved] : [] });
}

interface Wanted {
  answer?: boolean;
  learn?: boolean;
  length?: number;
  candidates?: number;
  tokens?: number;
}

/** What the text sets; null where it is none of the settings. */
export function readSettings(text: string): Wanted | null {
  const parts = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const wanted: Wanted = {};
  if (parts.length % 2 === 1) return null;
  for (let i = 0; i < parts.length; i += 2) {
    const [name, value] = [parts[i], parts[i + 1]];
    const number = Number(value);
    if ((name === 'answer' || name === 'learn') && (value === 'on' || value === 'off')) wanted[name] = value === 'on';
    else if (name === 'candidates' && Number.isInteger(number) && number >= 1 && number <= 4)
      wanted.candidates = number;
    else if ((name === 'tokens' || name === 'length') && isLength(number)) wanted[name] = number;
    else return null;
  }
  return wanted;
}

function isLength(tokens: number): boolean {
  return Number.isInteger(tokens) && tokens >= REPLY_TOKENS.minimum && tokens <= REPLY_TOKENS.maximum;
}

function changed(
  present: GroupSettings,
  { answer, learn, length, candidates, tokens }: Wanted,
  channel: string,
): GroupSettings {
  const before = present.channels[channel];
  const here = {
    answer: answer ?? before?.answer,
    learn: learn ?? before?.learn,
    maxTokens: length ?? before?.maxTokens,
  };
  const isHere = answer !== undefined || learn !== undefined || length !== undefined;
  return {
    channels: isHere ? { ...present.channels, [channel]: here } : present.channels,
    candidates: candidates ?? present.candidates,
    maxTokens: tokens ?? present.maxTokens,
  };
}
