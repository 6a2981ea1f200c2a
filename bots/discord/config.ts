/** What an admin sets for the Discord bot. */
import { grouped, secret, z } from '../../src/plugins/contract.js';
import { MARKS, REPLY_TOKENS } from '../kit/index.js';

export const configSchema = z.object({
  ...grouped('Connection', {
    token: secret('The bot token from discord.com/developers/applications, your application, "Bot", "Reset Token".'),
    messageContent: z
      .boolean()
      .default(false)
      .describe('Whether to ask for the message content intent. The bot works without it.'),
    api: z.url().default('https://discord.com/api').describe('Where the Discord API is, without its version.'),
  }),
  ...grouped('Replies', {
    candidates: z.int().min(1).max(4).default(2).describe('Replies to each message; servers can choose fewer or more.'),
    maxTokens: z
      .int()
      .min(REPLY_TOKENS.minimum)
      .max(REPLY_TOKENS.maximum)
      .default(160)
      .describe('The longest a reply may become, in tokens.'),
    system: z.string().max(4_000).optional().describe('Instructions for the model, ahead of every conversation.'),
    historyTurns: z
      .int()
      .min(0)
      .max(16)
      .default(6)
      .describe('Earlier questions of a conversation that the model reads.'),
  }),
  ...grouped('Votes', {
    controls: z
      .enum(['both', 'reactions', 'buttons'])
      .default('both')
      .describe('How people vote: by reactions, by buttons, or as they like.'),
    askConsent: z.boolean().default(true).describe('Whether votes wait until their member has agreed to learning.'),
    emoji: z
      .partialRecord(z.enum(MARKS), z.array(z.string().min(1)).min(1))
      .default({})
      .describe('Other emoji for votes: for example { "UP": ["<:yes:123456789012345678>"] }.'),
    reconcileDays: z.int().min(1).max(90).default(14).describe('How far back reactions are read after downtime.'),
  }),
});

export type DiscordConfig = ReturnType<(typeof configSchema)['parse']>;
