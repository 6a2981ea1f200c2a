/** What the doctor finds about the Slack bot's settings: it asks the Web API, and takes no events. */
import { type Logger, webApi } from '@slack/bolt';
import type { DiagnosisContext, Finding } from '../../src/plugins/contract.js';
import { NAMED_REACTIONS, reactionTable } from '../kit/index.js';
import { checkConfig, type SlackConfig } from './config.js';
import { sdkLogger } from './logger.js';
import { HELPFUL, missingScopes } from './scopes.js';
import { refusal } from './workspaces.js';

const APPS = 'https://api.slack.com/apps';
const TIMEOUT_MS = 5_000;

export async function diagnose({ config, log, storage }: DiagnosisContext<SlackConfig>): Promise<Finding[]> {
  try {
    checkConfig(config);
  } catch (error) {
    return [problem('The settings do not go together.', reasonOf(error))];
  }
  const logger = sdkLogger(log);
  const { botToken, appToken } = config;
  return [
    ...emojiFindings(config),
    ...(botToken === undefined ? await installationFindings(config, storage) : await tokenFindings(config, logger)),
    ...(appToken === undefined ? httpFindings(config) : await socketFindings(config, logger)),
  ];
}

function client(config: SlackConfig, token: string, logger: Logger): webApi.WebClient {
  const retryConfig = { retries: 0 };
  return new webApi.WebClient(token, { slackApiUrl: config.api, logger, timeout: TIMEOUT_MS, retryConfig });
}

async function tokenFindings(config: SlackConfig, logger: Logger): Promise<Finding[]> {
  const page = `${APPS}, your app, "OAuth & Permissions"`;
  try {
    const { team, user, response_metadata } = await client(config, config.botToken ?? '', logger).auth.test();
    const given = response_metadata?.scopes;
    const missing = missingScopes(given);
    const unhelpful = given ? HELPFUL.filter((scope) => !given.includes(scope)) : [];
    return [
      ok(`The bot token is good: it is ${user} in ${team}.`),
      ...(missing.length > 0
        ? [problem(`It lacks permissions: ${missing.join(', ')}.`, `Add them at ${page}, and press "Reinstall".`)]
        : []),
      ...(unhelpful.length > 0
        ? [
            warning(
              `Without ${unhelpful.join(', ')} a message whose answer got lost may be posted twice.`,
              `Add them at ${page}, and press "Reinstall".`,
            ),
          ]
        : []),
    ];
  } catch (error) {
    const why = refusal(error);
    if (why === null) return [unreachable(config, error)];
    return [problem(`Slack does not take the bot token (${why}).`, `Copy the "Bot User OAuth Token" from ${page}.`)];
  }
}

async function socketFindings(config: SlackConfig, logger: Logger): Promise<Finding[]> {
  try {
    await client(config, config.appToken ?? '', logger).apps.connections.open({});
    return [ok('Socket Mode works with the app-level token.')];
  } catch (error) {
    const why = refusal(error);
    if (why === null) return [unreachable(config, error)];
    return [
      problem(
        `Slack does not take the app-level token (${why}).`,
        `At ${APPS}, your app, "Socket Mode", switch it on; at "Basic Information", "App-Level Tokens", make one with connections:write.`,
      ),
    ];
  }
}

function httpFindings({ publicUrl, host, port }: SlackConfig): Finding[] {
  const where = publicUrl?.replace(/\/$/, '') ?? 'https://your-address';
  return [
    ok(
      `It listens at http://${host}:${port} and needs HTTPS in front of it.`,
      `At ${APPS}, your app, set ${where}/slack/events at "Event Subscriptions", "Interactivity & Shortcuts" and "Slash Commands".`,
    ),
  ];
}

async function installationFindings(
  { publicUrl }: SlackConfig,
  storage: DiagnosisContext<SlackConfig>['storage'],
): Promise<Finding[]> {
  let count = 0;
  for await (const _ of storage.list('install/')) count++;
  const where = `${publicUrl?.replace(/\/$/, '')}/slack/install`;
  if (count === 0) return [warning('It is installed nowhere.', `Open ${where} and agree for your workspace.`)];
  return [ok(`It is installed in ${count} ${count === 1 ? 'workspace' : 'workspaces'}.`, `For more, open ${where}`)];
}

function emojiFindings({ emoji }: SlackConfig): Finding[] {
  try {
    reactionTable(NAMED_REACTIONS, emoji);
    return [];
  } catch (error) {
    return [problem(`The setting "emoji" is not usable: ${reasonOf(error)}`, 'Correct "emoji".')];
  }
}

function unreachable({ api }: SlackConfig, error: unknown): Finding {
  return problem(
    `Slack cannot be reached at ${api} (${reasonOf(error)}).`,
    'Let this machine reach that address (a firewall or proxy may be in the way), or set "api".',
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const ok = (title: string, advice?: string): Finding => ({ level: 'OK', title, advice });
const warning = (title: string, advice: string): Finding => ({ level: 'WARNING', title, advice });
const problem = (title: string, advice: string): Finding => ({ level: 'PROBLEM', title, advice });
