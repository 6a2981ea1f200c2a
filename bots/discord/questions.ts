/** What people ask: by a message, by a command, by wanting other replies or the rest of one. */
import { type ChatInputCommandInteraction, type Client, escapeMarkdown, type Message, MessageFlags } from 'discord.js';
import { LRUCache } from 'lru-cache';
import { continuationOf, LETTERS, type Offer, turnsOf, wordsFor } from '../kit/index.js';
import { answer } from './asking.js';
import type { Bot, DiscordQuestion } from './bot.js';
import { addressOf, placesOf, promptOf, repliesBefore } from './conversation.js';
import { SILENT } from './draw.js';
import { missingPermissions } from './permissions.js';
import { channelSurface, commandSurface } from './surface.js';

/** Characters of a question that are shown above its replies. */
const QUOTED = 400;
/** People who were told that their reply cannot be read, remembered. */
const REMEMBERED = 5_000;
const told = new WeakMap<Bot, LRUCache<string, true>>();

/** A message that came, or was found after downtime, where `repeated`. */
export async function onMessage(bot: Bot, message: Message<boolean>, repeated = false): Promise<void> {
  const address = addressOf(message, (bot.discord as Client<true>).user.id, bot.config.messageContent);
  if (address === 'NOBODY' || !message.channel.isSendable()) return;
  if (address === 'UNREADABLE') return repeated ? undefined : sayUnreadable(bot, message);
  const language = wordsFor(message.guild?.preferredLocale).tag;
  const asked = { channel: message.channelId, id: message.id, isMessage: true, language };
  if (await take(bot, asked, repeated)) await deal(bot, asked, () => answerMessage(bot, message, asked));
}

/** What is known of an answer that was interrupted. */
export interface Before {
  standing?: string;
}

/** Answers a message that speaks to the bot; `before` where a restart interrupted that. */
export async function answerMessage(
  bot: Bot,
  message: Message<boolean>,
  asked: DiscordQuestion,
  before: Before | null = null,
): Promise<boolean> {
  const { channel } = message;
  if (!channel.isSendable()) return false;
  const parentId = channel.isThread() ? channel.parentId : null;
  const settings = await bot.settings.at(message.guildId, placesOf(message.channelId, parentId));
  if (!settings.answer) return true;
  const words = wordsFor(asked.language);
  if (message.inGuild()) {
    const missing = missingPermissions(message.channel);
    if (missing.length > 0) {
      bot.log.warn('Permissions are missing', { channel: message.channelId, missing });
      const sentence = words.problem.missingPermissions(missing, `<#${message.channelId}>`);
      // Where the bot may write it says so there, else to the person alone.
      if (missing.some((name) => name.startsWith('Send') || name.startsWith('View')))
        await message.author.send({ content: sentence, ...SILENT });
      else await message.channel.send({ content: sentence, ...SILENT });
      return true;
    }
  }
  const prompt = promptOf(message, (bot.discord as Client<true>).user.id);
  if (prompt === '') {
    await message.reply({ content: words.problem.emptyPrompt, ...SILENT });
    return true;
  }
  void channel.sendTyping().catch(() => {});
  const replies = await repliesBefore(bot, message);
  return answer(bot, {
    asker: message.author.id,
    prompt,
    history: await turnsOf(bot.client, replies),
    replies,
    channel: message.channelId,
    messageId: message.id,
    key: `discord:${message.id}`,
    again: before !== null,
    language: asked.language,
    settings,
    surface: channelSurface(bot, channel, message.id, 'a'),
    standing: before?.standing,
    posted: noting(bot, asked),
  });
}

/** Without the intent nobody's message can be read but one that mentions the bot: said once to each person. */
async function sayUnreadable(bot: Bot, message: Message<boolean>): Promise<void> {
  const known = told.get(bot) ?? new LRUCache<string, true>({ max: REMEMBERED });
  told.set(bot, known);
  if (known.has(message.author.id)) return;
  known.set(message.author.id, true);
  const { mentionMe } = wordsFor(message.guild?.preferredLocale).problem;
  await message.reply({ content: mentionMe, ...SILENT });
}

/** The question stands above the replies, since nobody sees what a command was given. */
export async function ask(bot: Bot, interaction: ChatInputCommandInteraction): Promise<void> {
  const { channelId, guildId, channel, user, locale, id } = interaction;
  const words = wordsFor(locale);
  const settings = await bot.settings.at(guildId, placesOf(channelId, channel?.isThread() ? channel.parentId : null));
  if (!settings.answer) {
    await interaction.reply({ content: words.problem.channelOff, flags: MessageFlags.Ephemeral });
    return;
  }
  const prompt = interaction.options.getString('prompt', true);
  const head = quote(prompt);
  const { resource } = await interaction.reply({ content: `${head}\n\n…`, ...SILENT, withResponse: true });
  const standing = resource?.message?.id ?? (await interaction.fetchReply()).id;
  const asked = { channel: channelId, id, isMessage: false, language: words.tag };
  if (!(await take(bot, asked, false))) return;
  noting(bot, asked)(standing);
  await deal(bot, asked, () =>
    answer(bot, {
      asker: user.id,
      prompt,
      history: [],
      replies: [],
      channel: channelId,
      key: `discord:${id}`,
      again: false,
      language: words.tag,
      settings,
      surface: commandSurface(bot, interaction),
      standing,
      head,
      posted: () => {},
    }),
  );
}

function quote(prompt: string): string {
  const line = prompt.replaceAll(/\s+/g, ' ').trim();
  const characters = [...line];
  return `> ${escapeMarkdown(characters.length > QUOTED ? `${characters.slice(0, QUOTED).join('')}…` : line)}`;
}

/** New replies to an offer's question, in the same conversation. Whether they are being written for the first time. */
export async function regenerate(bot: Bot, offer: Offer): Promise<void> {
  const generation = await bot.client.generation(offer.generationId);
  if (!generation) return;
  const history = await turnsOf(bot.client, offer.history ?? []);
  const { prompt } = generation;
  const key = `discord:again:${offer.generationId}`;
  await below(bot, offer, 'r', key, { prompt, history, replaces: offer.generationId });
}

/** The rest of a reply that reached its longest; false where there is none to be written, or it is written already. */
export async function goOn(bot: Bot, offer: Offer, place: number): Promise<boolean> {
  const continuation = await continuationOf(bot.client, offer, place);
  if (!continuation) return false;
  const key = `discord:continue:${offer.candidates[place]}`;
  return below(bot, offer, `c${LETTERS[place]}`, key, continuation);
}

type Below = Pick<Parameters<typeof answer>[1], 'prompt' | 'history' | 'continues' | 'replaces'>;

/** Writes something for an offer's asker below it, once however often it is asked for; what failed may be asked for again. */
async function below(bot: Bot, offer: Offer, occasion: string, key: string, what: Below): Promise<boolean> {
  const channel = await bot.discord.channels.fetch(offer.channel);
  if (!channel?.isSendable()) return false;
  const asked = { channel: offer.channel, id: key, isMessage: false, language: offer.language };
  if (!(await take(bot, asked, false))) return false;
  const guildId = channel.isDMBased() ? null : channel.guildId;
  const parentId = channel.isThread() ? channel.parentId : null;
  const last = offer.messages[offer.messages.length - 1];
  const settings = await bot.settings.at(guildId, placesOf(offer.channel, parentId));
  const written = deal(bot, asked, () =>
    answer(bot, {
      ...what,
      asker: offer.asker,
      replies: offer.history ?? [],
      channel: offer.channel,
      messageId: last,
      key,
      again: true,
      language: offer.language,
      settings,
      surface: channelSurface(bot, channel, last, occasion),
      posted: noting(bot, asked),
    }),
  );
  written
    .then((isAnswered) => isAnswered || bot.questions.release(asked))
    .catch((error: unknown) => bot.log.error('Something could not be written below an offer', { error }));
  return true;
}

// -------------------------------------------------------------------------------------------------------- what is kept of it

/** Keeps a question before it is dealt with. One that cannot be kept is answered all the same, while nobody asks again. */
async function take(bot: Bot, asked: DiscordQuestion, repeated: boolean): Promise<boolean> {
  try {
    return await bot.questions.take(asked, repeated);
  } catch (error) {
    bot.log.warn('A question could not be kept; a restart would not know of it', { channel: asked.channel, error });
    return true;
  }
}

/** Deals with a question that was taken in; unless the bot ends meanwhile it is done then. */
export async function deal(bot: Bot, asked: DiscordQuestion, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } finally {
    if (!bot.signal.aborted) {
      await bot.questions.done(asked).catch((error: unknown) => bot.log.info('An answer was not noted', { error }));
    }
  }
}

function noting(bot: Bot, asked: DiscordQuestion): (message: string) => void {
  return (message) => {
    bot.questions.writtenIn(asked, message).catch((error: unknown) => {
      bot.log.info('Where an answer stands was not noted', { error });
    });
  };
}
