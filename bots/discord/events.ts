/** What Discord tells, handed to whoever deals with it. Nothing that is thrown here ends the bot. */
import {
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type Client,
  Events,
  type Interaction,
  type Message,
  MessageFlags,
  type RepliableInteraction,
} from 'discord.js';
import { PalateClientError } from '../../src/client/index.js';
import { decodeAction, markOf, problemText, wordsFor } from '../kit/index.js';
import { administer } from './admin-pages.js';
import { answer } from './asking.js';
import type { Bot } from './bot.js';
import { historyBefore, placesOf, promptOf } from './conversation.js';
import { SILENT } from './draw.js';
import { pressPage, showConsent, showTaste } from './member-pages.js';
import { missingPermissions } from './permissions.js';
import { channelSurface, commandSurface, isGone } from './surface.js';
import type { Tuning } from './tuning.js';
import { emojiText, pressVote, takeReaction } from './voting.js';

/** Messages remembered as answered: a resumed session can deliver one twice. */
const REMEMBERED = 5_000;

export function listen(bot: Bot, tuning: Tuning): void {
  const { discord } = bot;
  const answered = new Set<string>();
  const safely = (what: string, work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      if (!isGone(error) && !bot.signal.aborted) bot.log.error(what, { error });
    });
  };
  discord.on(Events.MessageCreate, (message) => {
    if (answered.has(message.id)) return;
    answered.add(message.id);
    if (answered.size > REMEMBERED) answered.delete(answered.values().next().value ?? '');
    safely('A message could not be answered', onMessage(bot, message));
  });
  discord.on(Events.MessageReactionAdd, (reaction, user) => {
    if (user.bot !== true)
      safely('A reaction could not be taken in', takeReaction(bot, placed(reaction), user.id, true));
  });
  discord.on(Events.MessageReactionRemove, (reaction, user) => {
    safely('A reaction could not be taken in', takeReaction(bot, placed(reaction), user.id, false));
  });
  discord.on(Events.MessageReactionRemoveAll, ({ channelId, id }) => {
    safely('Reactions could not be cleared', bot.book.clear(channelId, id, null));
  });
  discord.on(Events.MessageReactionRemoveEmoji, (reaction) => {
    const mark = markOf(bot.table, emojiText(reaction.emoji));
    const { channelId, id } = reaction.message;
    if (mark) safely('Reactions could not be cleared', bot.book.clear(channelId, id, mark));
  });
  discord.on(Events.InteractionCreate, (interaction) => {
    const work = onInteraction(bot, tuning, interaction);
    safely(
      'An interaction could not be answered',
      work.catch((error: unknown) => tell(bot, interaction, error)),
    );
  });
}

function placed<Emoji>(reaction: { message: { id: string; channelId: string }; emoji: Emoji }) {
  return { message: { id: reaction.message.id, channelId: reaction.message.channelId }, emoji: reaction.emoji };
}

async function onMessage(bot: Bot, message: Message<boolean>): Promise<void> {
  const prompt = promptOf(message, (bot.discord as Client<true>).user.id);
  if (prompt === null || !message.channel.isSendable()) return;
  const parentId = message.channel.isThread() ? message.channel.parentId : null;
  const settings = await bot.places.at(message.guildId, placesOf(message.channelId, parentId));
  if (!settings.answer) return;
  const language = wordsFor(message.guild?.preferredLocale).tag;
  const words = wordsFor(language);
  if (message.inGuild()) {
    const missing = missingPermissions(message.channel);
    if (missing.length > 0) {
      bot.log.warn('Permissions are missing', { channel: message.channelId, missing });
      const sentence = words.problem.missingPermissions(missing, `<#${message.channelId}>`);
      // Where the bot may write it says so there, else to the person alone.
      if (missing.some((name) => name.startsWith('Send') || name.startsWith('View')))
        await message.author.send({ content: sentence, ...SILENT });
      else await message.channel.send({ content: sentence, ...SILENT });
      return;
    }
  }
  if (prompt === '') {
    await message.reply({ content: words.problem.emptyPrompt, ...SILENT });
    return;
  }
  void message.channel.sendTyping().catch(() => {});
  await answer(bot, {
    asker: message.author.id,
    prompt,
    history: await historyBefore(bot, message),
    channel: message.channelId,
    messageId: message.id,
    key: `discord:${message.id}`,
    language,
    settings,
    surface: channelSurface(message.channel, message.id, 'a'),
  });
}

async function onInteraction(bot: Bot, tuning: Tuning, interaction: Interaction): Promise<void> {
  if (interaction.isButton()) return press(bot, tuning, interaction);
  if (!interaction.isChatInputCommand()) return;
  switch (interaction.commandName) {
    case 'ask':
      return ask(bot, interaction);
    case 'taste':
      return showTaste(bot, interaction);
    case 'consent':
      return showConsent(bot, interaction);
    case 'tune':
      return tuning.start(interaction);
    case 'palate':
      return administer(bot, interaction);
  }
}

async function ask(bot: Bot, interaction: ChatInputCommandInteraction): Promise<void> {
  const { channelId, guildId, channel, user, locale, id } = interaction;
  const settings = await bot.places.at(guildId, placesOf(channelId, channel?.isThread() ? channel.parentId : null));
  if (!settings.answer) {
    const content = wordsFor(locale).problem.channelOff;
    await interaction.reply({ content, flags: MessageFlags.Ephemeral });
    return;
  }
  await interaction.deferReply();
  await answer(bot, {
    asker: user.id,
    prompt: interaction.options.getString('prompt', true),
    history: [],
    channel: channelId,
    key: `discord:${id}`,
    language: wordsFor(locale).tag,
    settings,
    surface: commandSurface(interaction),
  });
}

async function press(bot: Bot, tuning: Tuning, interaction: ButtonInteraction): Promise<void> {
  const action = decodeAction(interaction.customId);
  if (!action) return;
  switch (action.verb) {
    case 'vote':
      return pressVote(bot, interaction, action);
    case 'tune':
      return tuning.press(interaction, action);
    case 'stop':
      await interaction.deferUpdate();
      await bot.client.cancelGeneration(action.arguments[0]);
      return;
    case 'taste':
      return showTaste(bot, interaction);
    default:
      return pressPage(bot, interaction, action);
  }
}

/** Says to whoever began it that something went wrong. */
async function tell(bot: Bot, interaction: Interaction, error: unknown): Promise<void> {
  if (!(error instanceof PalateClientError)) bot.log.error('An interaction failed', { error });
  if (!interaction.isRepliable()) return;
  const known = error instanceof PalateClientError ? error : { code: 'INTERNAL' as const };
  const reply = { content: problemText(known, wordsFor(interaction.locale)), ...SILENT };
  const answerable: RepliableInteraction = interaction;
  if (answerable.deferred || answerable.replied) await answerable.followUp({ ...reply, flags: MessageFlags.Ephemeral });
  else await answerable.reply({ ...reply, flags: MessageFlags.Ephemeral });
}
