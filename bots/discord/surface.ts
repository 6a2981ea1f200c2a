/** Where replies are put: a channel, or the answer to a command. */
import {
  type ChatInputCommandInteraction,
  DiscordAPIError,
  type MessageCreateOptions,
  RESTJSONErrorCodes,
  type SendableChannels,
} from 'discord.js';
import type { WriteLane, WriteRule } from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPage, type Page } from './draw.js';

/** Discord publishes no figures; this is what it is seen to take in one channel, of new messages and of edits. */
export const CHANNEL_WRITES: WriteRule = { writes: 5, windowMs: 5_000 };

/** Posts and edits messages; ids are Discord's. */
export interface Surface {
  /** `index`: the message's place among those of one answer. */
  post(page: Page, index: number): Promise<string>;
  edit(id: string, page: Page): Promise<void>;
  /** Where the edits are counted. */
  lane: WriteLane;
}

/**
 * Answers in a channel, as replies to a message. A message that is sent again because its answer was lost is not posted
 * twice: it carries a nonce made of what it answers, and Discord is asked to enforce it. `occasion` tells different
 * answers to one message apart, in at most three characters.
 */
export function channelSurface(bot: Bot, channel: SendableChannels, replyTo: string, occasion: string): Surface {
  return {
    post: async (page, index) => {
      const options: MessageCreateOptions = {
        ...drawPage(page),
        nonce: `${replyTo}${occasion}${index}`,
        enforceNonce: true,
        ...(index === 0 && { reply: { messageReference: replyTo, failIfNotExists: false } }),
      };
      await bot.posts.lane(channel.id).turn('FINAL');
      return (await channel.send(options)).id;
    },
    edit: async (id, page) => void (await channel.messages.edit(id, drawPage(page))),
    lane: bot.edits.lane(channel.id),
  };
}

/**
 * The answer to a command, which was answered once already; its further messages are follow-ups. Discord takes both for a quarter of an
 * hour; after that they are messages of the channel like others.
 */
export function commandSurface(bot: Bot, interaction: ChatInputCommandInteraction): Surface {
  const { channel } = interaction;
  const orElse = async <T>(first: () => Promise<T>, then: (channel: SendableChannels) => Promise<T>): Promise<T> => {
    try {
      return await first();
    } catch (error) {
      const isLate = error instanceof DiscordAPIError && error.code === RESTJSONErrorCodes.InvalidWebhookToken;
      if (!isLate || !channel?.isSendable()) throw error;
      return then(channel);
    }
  };
  return {
    post: async (page) => {
      const options = drawPage(page);
      return (
        await orElse(
          () => interaction.followUp(options),
          (room) => room.send(options),
        )
      ).id;
    },
    edit: async (id, page) => {
      const options = drawPage(page);
      await orElse(
        () => interaction.editReply({ ...options, message: id }),
        (room) => room.messages.edit(id, options),
      );
    },
    lane: bot.edits.lane(interaction.id),
  };
}

/** Whether an error of Discord's says that the thing is not there any more. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof DiscordAPIError && [10003, 10004, 10008, 10015, 10062, 50001, 50027].includes(Number(error.code))
  );
}
