/** What an admin sets for the Discord bot. */
import { grouped, secret, z } from '../../src/plugins/contract.js';
import { replySettings, voteSettings } from '../kit/index.js';

/** What settings are called that the bot speaks of, in its guide, its messages and what the doctor finds. */
export const TITLES = {
  token: 'Bot token',
  messageContent: 'Message content intent',
  api: 'API address',
} as const;

export const configSchema = z.object({
  ...grouped('Connection', {
    token: secret(
      'The bot token from discord.com/developers/applications, your application, "Bot", "Reset Token".',
    ).meta({ title: TITLES.token }),
    messageContent: z.boolean().default(false).meta({
      title: TITLES.messageContent,
      description: 'Whether to ask for the message content intent. The bot works without it.',
    }),
    api: z
      .url()
      .default('https://discord.com/api')
      .meta({ title: TITLES.api, description: 'Where the Discord API is, without its version.' }),
  }),
  ...grouped('Replies', replySettings('servers')),
  ...grouped('Votes', voteSettings('<:yes:123456789012345678>')),
});

export type DiscordConfig = ReturnType<(typeof configSchema)['parse']>;
