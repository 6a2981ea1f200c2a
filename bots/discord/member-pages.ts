/** What a member can see and change about themselves: taste, consent, their data. Everything here only they see. */
import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from 'discord.js';
import type { Member, TasteMap } from '../../src/client/index.js';
import {
  type Action,
  consentAnswered,
  consentQuestion,
  consentView,
  exportView,
  forgetQuestion,
  tasteView,
  type View,
  type Words,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView, drawView, drawWithPicture } from './draw.js';
import { exportTaste, forgetMember, memberOf, rollBack, setConsent } from './service.js';

type Asked = ChatInputCommandInteraction | ButtonInteraction;

export async function showTaste(bot: Bot, interaction: Asked): Promise<void> {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const member = await bot.client.member(memberOf(interaction.user.id));
  const map = member && (await mapOf(bot, member));
  await interaction.editReply(await drawWithPicture(tasteView(member, wordsFor(interaction.locale), map)));
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
  const member = await bot.client.member(memberOf(interaction.user.id));
  const answer = await actOn(bot, member, action, words);
  if (typeof answer === 'string') await interaction.editReply({ content: answer });
  else await interaction.editReply(drawPublicView(answer));
}

/** What an action leads to: a sentence, or another page. */
async function actOn(
  bot: Bot,
  member: Member | null,
  { verb, arguments: [argument] }: Action,
  words: Words,
): Promise<string | View> {
  if (!member) return words.taste.nothing;
  const { client } = bot;
  switch (verb) {
    case 'consent': {
      const learn = argument === 'yes';
      await setConsent(client, member.id, { learn });
      return consentAnswered(learn, words);
    }
    case 'community':
      return consentView(await setConsent(client, member.id, { community: argument === 'yes' }), words);
    case 'undo': {
      const version = Number(argument);
      await rollBack(client, member.id, version);
      return words.taste.undone(version);
    }
    case 'export':
      return exportView(await exportTaste(client, member.id), words);
    case 'forget': {
      if (argument !== 'yes') return words.taste.kept;
      const receipt = await forgetMember(client, member.id);
      bot.book.forget(member.externalId);
      return words.taste.forgotten(receipt);
    }
    default:
      return tasteView(member, words);
  }
}
