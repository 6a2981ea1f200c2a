/** What an admin sets for the Slack bot, and what of it must go together. */
import { grouped, secret, z } from '../../src/plugins/contract.js';
import { replySettings, voteSettings } from '../kit/index.js';

/** What settings are called that the bot speaks of, in its guide, its messages and what the doctor finds. */
export const TITLES = {
  botToken: 'Bot token',
  appToken: 'App-level token',
  signingSecret: 'Signing secret',
  host: 'Host',
  port: 'Port',
  clientId: 'Client ID',
  clientSecret: 'Client secret',
  publicUrl: 'Public address',
  api: 'API address',
} as const;

const settings = z.object({
  ...grouped('One workspace', {
    botToken: secret('The bot token (xoxb-) from api.slack.com/apps, your app, "OAuth & Permissions".')
      .optional()
      .meta({ title: TITLES.botToken }),
  }),
  ...grouped('Socket Mode: no public address is needed', {
    appToken: secret('An app-level token (xapp-) with connections:write, from "Basic Information".')
      .optional()
      .meta({ title: TITLES.appToken }),
  }),
  ...grouped('HTTP: instead of Socket Mode', {
    signingSecret: secret('The signing secret from "Basic Information".')
      .optional()
      .meta({ title: TITLES.signingSecret }),
    host: z.string().default('127.0.0.1').meta({
      title: TITLES.host,
      description:
        'Where the bot listens, behind what ends HTTPS; also for the pages where several workspaces install it.',
    }),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(3_000)
      .meta({ title: TITLES.port, description: 'The port it listens on.' }),
  }),
  ...grouped('Several workspaces: instead of the bot token', {
    clientId: z
      .string()
      .optional()
      .meta({ title: TITLES.clientId, description: 'The client ID from "Basic Information".' }),
    clientSecret: secret('The client secret from "Basic Information".').optional().meta({ title: TITLES.clientSecret }),
    publicUrl: z
      .url()
      .optional()
      .meta({ title: TITLES.publicUrl, description: 'Where Slack and admins reach this bot from outside.' }),
  }),
  ...grouped('Replies', {
    ...replySettings('workspaces'),
    streaming: z.boolean().default(true).meta({
      title: 'Streaming',
      description: 'Whether replies in direct messages are streamed as they are written.',
    }),
  }),
  ...grouped('Votes', voteSettings('white_check_mark')),
  ...grouped('Network', {
    api: z
      .url()
      .default('https://slack.com/api/')
      .meta({ title: TITLES.api, description: 'Where the Web API is, for a proxy.' }),
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
  const app = `"${TITLES.clientId}", "${TITLES.clientSecret}"`;
  if (botToken === undefined && !several) {
    lack('botToken', `set "${TITLES.botToken}" for one workspace, or ${app} and "${TITLES.publicUrl}" for several`);
  }
  if (botToken !== undefined && several) {
    const message = `set either "${TITLES.botToken}" or "${TITLES.clientId}" and "${TITLES.clientSecret}", not both`;
    problems.push({ path: [], message });
  }
  if (several && (clientId === undefined || clientSecret === undefined || publicUrl === undefined)) {
    const first = (['clientId', 'clientSecret', 'publicUrl'] as const).find((name) => given[name] === undefined);
    lack(first ?? 'publicUrl', `for several workspaces ${app} and "${TITLES.publicUrl}" are needed together`);
  }
  if (appToken === undefined && signingSecret === undefined) {
    const socket = `set "${TITLES.appToken}" for Socket Mode`;
    lack('appToken', `${socket}, or "${TITLES.signingSecret}" to be reached over HTTP`);
  }
  return problems;
}
