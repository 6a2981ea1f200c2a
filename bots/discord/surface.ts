/** Where replies are put: a channel, or the answer to a command. */
import {
  type ChatInputCommandInteraction,
  DiscordAPIError,
  type MessageCreateOptions,
  type SendableChannels,
} from 'discord.js';
import { drawPage, type Page } from './draw.js';

/** Posts and edits messages; ids are Discord's. */
export interface Surface {
  /** `index`: the message's place among those of one answer. */
  post(page: Page, index: number): Promise<string>;
  edit(id: string, page: Page): Promise<void>;
}

/**
 * Answers in a channel, as replies to a message. A message that is sent again because its answer was lost is not posted
 * twice: it carries a nonce made of what it answers, and Discord is asked to enforce it. `occasion` tells different
 * answers to one message apart, in at most three characters.
 */
export function channelSurface(channel: SendableChannels, replyTo: string, occasion: string): Surface {
  return {
    post: async (page, index) => {
      const options: MessageCreateOptions = {
        ...drawPage(page),
        nonce: `${replyTo}${occasion}${index}`,
        enforceNonce: true,
        ...(index === 0 && { reply: { messageReference: replyTo, failIfNotExists: false } }),
      };
      return (await channel.send(options)).id;
    },
    edit: async (id, page) => void (await channel.messages.edit(id, drawPage(page))),
  };
}

/** The answer to a command that was deferred; its further messages are follow-ups. */
export function commandSurface(interaction: ChatInputCommandInteraction): Surface {
  return {
    post: async (page, index) => {
      const options = drawPage(page);
      return (index === 0 ? await interaction.editReply(options) : await interaction.followUp(options)).id;
    },
    edit: async (id, page) => void (await interaction.editReply({ ...drawPage(page), message: id })),
  };
}

/** Whether an error of Discord's says that the thing is not there any more. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof DiscordAPIError && [10003, 10004, 10008, 10015, 10062, 50001, 50027].includes(Number(error.code))
  );
}
