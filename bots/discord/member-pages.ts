/** What a member can see and change about themselves: taste, consent, their data. Everything here only they see. */
import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from 'discord.js';
import type { Member, TasteMap } from '../../src/client/index.js';
import {
  type Action,
  actOn,
  consentQuestion,
  consentView,
  forgetQuestion,
  tasteView,
  withConsole,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView, drawView, drawWithPicture } from './draw.js';
import { memberOf } from './service.js';

type Asked = ChatInputCommandInteraction | ButtonInteraction;

export async function showTaste(bot: Bot, interaction: Asked): Promise<void> {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const ref = memberOf(interaction.user.id);
  const words = wordsFor(interaction.locale);
  const member = await bot.client.member(ref);
  const map = member && (await mapOf(bot, member));
  const page = await withConsole(bot, ref, words, tasteView(member, words, map));
  await interaction.editReply(await drawWithPicture(page));
}

/** The page is worth showing without its map. */
async function mapOf(bot: Bot, { id }: Member): Promise<TasteMap | null> {
  return bot.client.tasteMap(id).catch((error: unknown) => {
    bot.log.warn('The map of a taste could not be read', { error });
    return null;
  });
}

export async function showConsent(bot: Bot, interaction: ChatInputCommandInteraction): Promise<void> {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const words = wordsFor(interaction.locale);
  const member = await bot.client.member(memberOf(interaction.user.id));
  const view = member ? consentView(member.consent, words) : consentQuestion(words);
  await interaction.editReply(drawPublicView(view));
}

/** The buttons of these pages. `forget` without an answer asks first. */
export async function pressPage(bot: Bot, interaction: ButtonInteraction, action: Action): Promise<void> {
  const words = wordsFor(interaction.locale);
  const [argument] = action.arguments;
  if (action.verb === 'forget' && argument === undefined) {
    await interaction.reply(drawView(forgetQuestion(words)));
    return;
  }
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const answer = await actOn(bot, memberOf(interaction.user.id), action, words);
  if (typeof answer === 'string') await interaction.editReply({ content: answer });
  else await interaction.editReply(drawPublicView(answer));
}
