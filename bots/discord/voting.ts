/** Reactions and vote buttons, and what follows from a vote: asking for consent, new replies, an offer that is over. */
import { type ButtonInteraction, MessageFlags } from 'discord.js';
import type { FeedbackResult } from '../../src/client/index.js';
import {
  type Action,
  consentQuestion,
  LETTERS,
  MARKS,
  markLabel,
  markOf,
  type Offer,
  type OfferTrackerParts,
  offeredMarks,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView, drawView } from './draw.js';
import { goOn, regenerate } from './questions.js';
import { isUserId } from './service.js';
import { isGone } from './surface.js';

/** The parts of a reaction event that say what it was. */
export interface SeenReaction {
  message: { id: string; channelId: string };
  emoji: { id: string | null; name: string | null };
}

/** An emoji as the table knows it. */
export function emojiText({ id, name }: SeenReaction['emoji']): string {
  return id === null ? (name ?? '') : `${name}:${id}`;
}

/** Somebody's reaction came or went. */
export async function takeReaction(bot: Bot, seen: SeenReaction, userId: string, added: boolean): Promise<void> {
  if (!isUserId(userId) || userId === bot.discord.user?.id) return;
  const mark = markOf(bot.emojiMap, emojiText(seen.emoji));
  if (mark === null) return;
  await bot.tracker.mark(seen.message.channelId, seen.message.id, userId, { kind: added ? 'added' : 'removed', mark });
}

/** A vote button: says to the voter alone what was counted. */
export async function pressVote(bot: Bot, interaction: ButtonInteraction, action: Action): Promise<void> {
  const mark = MARKS.find((known) => known === action.arguments[0]);
  const words = wordsFor(interaction.locale);
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const { channelId, message, user } = interaction;
  const offer = mark && (await bot.tracker.find(channelId, message.id));
  if (!mark || !offer || !offeredMarks(offer.candidates.length).includes(mark)) {
    await interaction.editReply({ content: words.vote.expired });
    return;
  }
  bot.presses.set(user.id, interaction);
  await bot.tracker.mark(channelId, message.id, user.id, { kind: 'pressed', mark });
  if (mark === 'REGENERATE') {
    await interaction.deleteReply();
    return;
  }
  const { given } = await bot.tracker.ballot(offer, user.id);
  const last = given.at(-1);
  const content = last?.mark === mark ? words.vote.counted(markLabel(mark, words)) : words.vote.withdrawn;
  await interaction.editReply({ content });
}

/** The rest of a reply that reached its longest; its asker alone gets here. */
export async function pressContinue(bot: Bot, interaction: ButtonInteraction, action: Action): Promise<void> {
  const words = wordsFor(interaction.locale);
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const offer = await bot.tracker.find(interaction.channelId, interaction.message.id);
  const place = (LETTERS as readonly string[]).indexOf(action.arguments[0]);
  if (offer && offer.candidates[place] !== undefined && (await goOn(bot, offer, place)))
    await interaction.deleteReply();
  else await interaction.editReply({ content: offer ? words.vote.goesOn : words.vote.expired });
}

/** What the offer tracker asks of Discord. */
export function trackerEvents(bot: () => Bot): OfferTrackerParts['on'] {
  const quietly = (what: string, work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      if (!isGone(error)) bot().log.warn(what, { error });
    });
  };
  return {
    recorded: (offer, voter, result) =>
      quietly('Consent could not be asked for', askConsent(bot(), offer, voter, result)),
    regenerate: (offer) => quietly('New replies could not be written', regenerate(bot(), offer)),
    refuse: () => {},
    close: (offer) => quietly('An offer could not be closed', closeOffer(bot(), offer)),
  };
}

/** The first vote of somebody who was not asked yet waits; the question goes to them alone. */
async function askConsent(bot: Bot, offer: Offer, voter: string, { feedback }: FeedbackResult): Promise<void> {
  if (feedback.state !== 'HELD' || (await bot.storage.get(`asked/${voter}`)) !== null) return;
  const member = await bot.client.memberById(feedback.member.id);
  if (member?.consent.learn !== 'UNASKED') return;
  await bot.storage.set(`asked/${voter}`, 'yes', { memberId: member.id });
  try {
    await sendConsentQuestion(bot, offer, voter);
  } catch (error) {
    // Their next vote asks again.
    await bot.storage.delete(`asked/${voter}`);
    throw error;
  }
}

async function sendConsentQuestion(bot: Bot, offer: Offer, voter: string): Promise<void> {
  const press = bot.presses.get(voter);
  if (press) {
    await press.followUp(drawView(consentQuestion(wordsFor(press.locale))));
    return;
  }
  const question = drawPublicView(consentQuestion(wordsFor(offer.language)));
  const user = await bot.discord.users.fetch(voter);
  const sent = await user.send(question).catch(() => null);
  if (sent) return;
  // They take no direct messages: the question stands where they voted. Whoever presses answers for themselves.
  const channel = await bot.discord.channels.fetch(offer.channel);
  if (channel?.isSendable()) await channel.send({ ...question, content: `<@${voter}>` });
}

/** Takes the buttons away: what stands there can no longer be voted on. */
async function closeOffer(bot: Bot, { channel, messages }: Offer): Promise<void> {
  const room = await bot.discord.channels.fetch(channel);
  if (!room?.isTextBased()) return;
  await bot.edits.lane(channel).turn('CONTROL');
  await room.messages.edit(messages[messages.length - 1], { components: [] });
}
