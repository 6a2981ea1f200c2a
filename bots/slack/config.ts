/** What an admin sets for the Slack bot, and what of it must go together. */
import { grouped, secret, z } from '../../src/plugins/contract.js';
import { MARKS, REPLY_TOKENS } from '../kit/index.js';

const settings = z.object({
  ...grouped('One workspace', {
    botToken: secret('The bot token (xoxb-) from api.slack.com/apps, your app, "OAuth & Permissions".').optional(),
  }),
  ...grouped('Socket Mode: no public address is needed', {
    appToken: secret('An app-level token (xapp-) with connections:write, from "Basic Information".').optional(),
  }),
  ...grouped('HTTP: instead of Socket Mode', {
    signingSecret: secret('The signing secret from "Basic Information".').optional(),
    host: z
      .string()
      .default('127.0.0.1')
      .describe(
        'Where the bot listens, behind what ends HTTPS; also for the pages where several workspaces install it.',
      ),
    port: z.int().min(0).max(65_535).default(3_000).describe('The port it listens on.'),
  }),
  ...grouped('Several workspaces: instead of the bot token', {
    clientId: z.string().optional().describe('The client ID from "Basic Information".'),
    clientSecret: secret('The client secret from "Basic Information".').optional(),
    publicUrl: z.url().optional().describe('Where Slack and admins reach this bot from outside.'),
  }),
  ...grouped('Replies', {
    candidates: z
      .int()
      .min(1)
      .max(4)
      .default(2)
      .describe('Replies to each message; workspaces can choose fewer or more.'),
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
    streaming: z
      .boolean()
      .default(true)
      .describe('Whether replies in direct messages are streamed as they are written.'),
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
      .describe('Other emoji for votes, by name: for example { "UP": ["white_check_mark"] }.'),
    reconcileDays: z.int().min(1).max(90).default(14).describe('How far back reactions are read after downtime.'),
  }),
  ...grouped('Network', {
    api: z.url().default('https://slack.com/api/').describe('Where the Web API is, for a proxy.'),
  }),
});

export type SlackConfig = z.infer<typeof settings>;

type Together = Pick<
  Partial<SlackConfig>,
  'botToken' | 'appToken' | 'signingSecret' | 'clientId' | 'clientSecret' | 'publicUrl'
>;

export const configSchema = settings.superRefine((given, context) => {
  for (const { path, message } of togetherProblems(given)) context.addIssue({ code: 'custom', path, message });
});

/** What is missing, each under a setting that would mend it, and what does not go together, under none. */
function togetherProblems(given: Together): { path: string[]; message: string }[] {
  const { botToken, appToken, signingSecret, clientId, clientSecret, publicUrl } = given;
  const several = clientId !== undefined || clientSecret !== undefined;
  const problems: { path: string[]; message: string }[] = [];
  const lack = (name: keyof Together, message: string) => problems.push({ path: [name], message });
  if (botToken === undefined && !several) {
    lack('botToken', 'set "botToken" for one workspace, or "clientId", "clientSecret" and "publicUrl" for several');
  }
  if (botToken !== undefined && several) {
    problems.push({ path: [], message: 'set either "botToken" or "clientId" and "clientSecret", not both' });
  }
  if (several && (clientId === undefined || clientSecret === undefined || publicUrl === undefined)) {
    const first = (['clientId', 'clientSecret', 'publicUrl'] as const).find((name) => given[name] === undefined);
    lack(first ?? 'publicUrl', 'for several workspaces "clientId", "clientSecret" and "publicUrl" are needed together');
  }
  if (appToken === undefined && signingSecret === undefined) {
    lack('appToken', 'set "appToken" for Socket Mode, or "signingSecret" to be reached over HTTP');
  }
  return problems;
}
