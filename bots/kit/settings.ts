/** What an admin sets for every chat bot alike: how it replies, and how people vote. */
import { PluginSetupError, z } from '../../src/plugins/contract.js';
import { REPLY_TOKENS } from './channel-settings.js';
import { type EmojiMap, emojiMapWith, MARKS } from './reactions.js';

const EMOJI = 'Other emoji';

/** `groups`: what the platform calls the places that people share. */
export function replySettings(groups: string) {
  return {
    candidates: z
      .int()
      .min(1)
      .max(4)
      .default(2)
      .meta({
        title: 'Number of replies',
        description: `Replies to each message; ${groups} can choose fewer or more.`,
      }),
    maxTokens: z
      .int()
      .min(REPLY_TOKENS.minimum)
      .max(REPLY_TOKENS.maximum)
      .default(160)
      .meta({ title: 'Longest reply', description: 'The longest a reply may become, in tokens.' }),
    system: z
      .string()
      .max(4_000)
      .optional()
      .meta({ title: 'Instructions', description: 'Instructions for the model, ahead of every conversation.' }),
    historyTurns: z
      .int()
      .min(0)
      .max(16)
      .default(6)
      .meta({ title: 'Earlier questions', description: 'Earlier questions of a conversation that the model reads.' }),
  };
}

/** `emoji`: one as the platform writes it, for an example. */
export function voteSettings(emoji: string) {
  return {
    controls: z
      .enum(['both', 'reactions', 'buttons'])
      .default('both')
      .meta({ title: 'Ways to vote', description: 'How people vote: by reactions, by buttons, or as they like.' }),
    askConsent: z
      .boolean()
      .default(true)
      .meta({ title: 'Ask for consent', description: 'Whether votes wait until their member has agreed to learning.' }),
    emoji: z
      .partialRecord(z.enum(MARKS), z.array(z.string().min(1)).min(1))
      .default({})
      .meta({ title: EMOJI, description: `Other emoji for votes: for example { "UP": ["${emoji}"] }.` }),
    reconcileDays: z
      .int()
      .min(1)
      .max(90)
      .default(14)
      .meta({ title: 'Days to catch up', description: 'How far back reactions are read after downtime.' }),
  };
}

/** The table of a bot's emoji with what is set instead. @throws PluginSetupError that says what is wrong with the setting */
export function emojiMapOf(defaults: EmojiMap, { emoji }: { emoji: Parameters<typeof emojiMapWith>[1] }) {
  try {
    return emojiMapWith(defaults, emoji);
  } catch (error) {
    throw new PluginSetupError(`The setting "${EMOJI}" is not usable. ${(error as Error).message}`);
  }
}
