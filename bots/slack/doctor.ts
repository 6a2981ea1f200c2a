/** What the doctor finds about the Slack bot's settings: it asks the Web API with each token, and opens no socket. */
import { createHmac } from 'node:crypto';
import { type Logger, webApi } from '@slack/bolt';
import type { DiagnosisContext, Finding, PluginStorage } from '../../src/plugins/contract.js';
import { emojiMapOf, NAMED_REACTIONS } from '../kit/index.js';
import { type SlackConfig, TITLES } from './config.js';
import { Installations } from './installations.js';
import { sdkLogger } from './logger.js';
import { refusal } from './refusals.js';
import { HELPFUL, missingScopes, NEEDED } from './scopes.js';

const APPS = 'https://api.slack.com/apps';
const TIMEOUT_MS = 5_000;
/** Workspaces that are looked at one by one. */
const WORKSPACES = 20;

type Context = DiagnosisContext<SlackConfig>;
type ClientFor = (token?: string) => webApi.WebClient;

export async function diagnose(context: Context): Promise<Finding[]> {
  const { config, log } = context;
  const logger = sdkLogger(log);
  const clientFor: ClientFor = (token) => quickClient(token, config, logger);
  const page = pageOf(config);
  const parts = [
    settingsFindings(config),
    config.botToken === undefined ? [] : botFindings(clientFor(config.botToken), config, page),
    config.clientId !== undefined && config.clientSecret !== undefined ? severalFindings(context, clientFor, page) : [],
    config.appToken === undefined ? httpFindings(context, page) : socketFindings(clientFor(config.appToken), page),
  ];
  return (await Promise.all(parts)).flat();
}

/** Asks once: a doctor says at once what is in the way. */
function quickClient(token: string | undefined, { api }: SlackConfig, logger: Logger): webApi.WebClient {
  return new webApi.WebClient(token, {
    slackApiUrl: api,
    logger,
    timeout: TIMEOUT_MS,
    allowAbsoluteUrls: false,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });
}

/** The app's page, where its id is known: an app-level token carries it. */
function pageOf({ appToken }: SlackConfig): string {
  const id = appIdOf(appToken);
  return id ? `${APPS}/${id}` : `${APPS}, your app`;
}

function appIdOf(appToken: string | undefined): string | undefined {
  return /^xapp-\d+-(A[A-Z0-9]+)-/.exec(appToken ?? '')?.[1];
}

function settingsFindings(config: SlackConfig): Finding[] {
  const findings: Finding[] = [];
  try {
    emojiMapOf(NAMED_REACTIONS, config);
  } catch (error) {
    findings.push(problem(reasonOf(error), 'Correct it in the settings.'));
  }
  if (config.botToken?.startsWith('xapp-') || config.appToken?.startsWith('xoxb-')) {
    findings.push(
      problem(
        `The tokens are exchanged: "${TITLES.botToken}" begins with xoxb-, "${TITLES.appToken}" with xapp-.`,
        'Set each in the place of the other.',
      ),
    );
  }
  return findings;
}

/** One workspace: whose token it is, and what it may do. */
async function botFindings(client: webApi.WebClient, config: SlackConfig, page: string): Promise<Finding[]> {
  const copy = `Copy the "Bot User OAuth Token" from ${page}, "OAuth & Permissions", and set it as "${TITLES.botToken}".`;
  try {
    const { team, user, bot_id, response_metadata } = await client.auth.test();
    if (!bot_id) return [problem("The bot token is a person's token, not the bot's.", copy)];
    return [
      ok(`The bot token is good: it belongs to ${user} in ${team}.`),
      ...(config.botToken?.startsWith('xoxe.') ? [rotation(page)] : []),
      ...scopeFindings(response_metadata?.scopes, `${page}, "OAuth & Permissions"`),
      ...(await sameApp(client, bot_id, config.appToken)),
    ];
  } catch (error) {
    return [refused('the bot token', error, copy, config)];
  }
}

function rotation(page: string): Finding {
  return warning(
    'The bot token runs out within twelve hours: token rotation is on.',
    `Make an app without it (${page}).`,
  );
}

/** Tokens of two apps work each for itself, and the bot hears nothing. */
async function sameApp(client: webApi.WebClient, bot: string, appToken: string | undefined): Promise<Finding[]> {
  const expected = appIdOf(appToken);
  if (!expected) return [];
  try {
    const actual = (await client.bots.info({ bot })).bot?.app_id;
    if (!actual || actual === expected) return [];
    return [
      problem(
        `The tokens are of two apps: the bot token of ${actual}, the app-level token of ${expected}.`,
        `Take both from one app: ${APPS}/${actual} or ${APPS}/${expected}.`,
      ),
    ];
  } catch {
    // What the bot may not ask, or Slack does not answer now, is no finding of its own.
    return [];
  }
}

function scopeFindings(given: readonly string[] | undefined, page: string): Finding[] {
  if (!given) return [warning('Slack did not say what the bot may do.', 'Try again.')];
  const missing = missingScopes(given);
  const helpful = HELPFUL.filter((scope) => !given.includes(scope));
  const known: readonly string[] = [...NEEDED, ...HELPFUL];
  const spare = given.filter((scope) => !known.includes(scope));
  const add = (scopes: readonly string[]) =>
    `Add ${scopes.join(', ')} at ${page}, "Bot Token Scopes", and install the app again.`;
  const lost = 'After a crash an answer in a channel may be lost or doubled.';
  return [
    missing.length > 0
      ? problem(`Scopes are missing that the bot cannot work without: ${missing.join(', ')}.`, add(missing))
      : ok('It has every scope that it needs.'),
    ...(helpful.length > 0 ? [warning(`Scopes are missing: ${helpful.join(', ')}. ${lost}`, add(helpful))] : []),
    ...(spare.length > 0
      ? [ok(`It has scopes that it does not use: ${spare.join(', ')}.`, `They can be removed at ${page}.`)]
      : []),
  ];
}

/** Several workspaces: the app's own credentials, and the token of each place it is installed in. */
async function severalFindings(
  { config, storage, signal }: Context,
  clientFor: ClientFor,
  page: string,
): Promise<Finding[]> {
  const { clientSecret = '', publicUrl = '' } = config;
  const never = () => Promise.reject(new Error('A check changes nothing.'));
  const rows: PluginStorage = { get: storage.get, list: storage.list, set: never, delete: never };
  const installations = new Installations(rows, clientSecret);
  const scopes = await installations.scopes();
  const install = `${publicUrl.replace(/\/$/, '')}/slack/install`;
  const each = scopes
    .slice(0, WORKSPACES)
    .map((scope) => workspaceFinding(installations, scope, clientFor, install, config));
  return [
    await credentialsFinding(clientFor(), config, page),
    ...addressFindings(publicUrl),
    await reached(install, {}, signal),
    ...(scopes.length === 0 ? [warning('It is installed in no workspace.', `Open ${install} and add it to one.`)] : []),
    ...(await Promise.all(each)),
    ...(scopes.length > WORKSPACES
      ? [ok(`It is installed in ${scopes.length} workspaces; ${WORKSPACES} were looked at.`)]
      : []),
  ];
}

/** Asks with a code that cannot exist: Slack looks at the credentials first. */
async function credentialsFinding(client: webApi.WebClient, config: SlackConfig, page: string): Promise<Finding> {
  const { clientId: client_id = '', clientSecret: client_secret = '' } = config;
  const advice = `Copy "Client ID" and "Client Secret" from ${page}, "Basic Information".`;
  try {
    await client.oauth.v2.access({ client_id, client_secret, code: 'none' });
  } catch (error) {
    if (refusal(error) !== 'invalid_code') return refused('the client ID and secret', error, advice, config);
  }
  return ok('Client ID and client secret are good.');
}

async function workspaceFinding(
  installations: Installations,
  scope: string,
  clientFor: ClientFor,
  install: string,
  config: SlackConfig,
): Promise<Finding> {
  const again = `Open ${install} and add the app there again.`;
  let token: string | undefined;
  try {
    token = (await installations.of(scope))?.bot?.token;
  } catch (error) {
    return problem(`The token for ${scope} cannot be read: ${reasonOf(error)}`, again);
  }
  if (!token) return problem(`There is no token for ${scope}.`, again);
  try {
    const { team, response_metadata } = await clientFor(token).auth.test();
    const missing = missingScopes(response_metadata?.scopes);
    if (missing.length > 0) return problem(`In ${team} (${scope}) scopes are missing: ${missing.join(', ')}.`, again);
    return ok(`It is installed in ${team} (${scope}), with every scope that it needs.`);
  } catch (error) {
    return refused(`the token for ${scope}`, error, again, config);
  }
}

/** Asks for a socket's address, which takes the app-level token's scope to be given; nothing is connected. */
async function socketFindings(client: webApi.WebClient, page: string): Promise<Finding[]> {
  const advice =
    `Make one at ${page}, "Basic Information", "App-Level Tokens", with the scope connections:write; ` +
    `and switch Socket Mode on at ${page}, "Socket Mode".`;
  try {
    await client.apps.connections.open({});
    return [ok('The app-level token is good: Slack reaches the bot over Socket Mode, without a public address.')];
  } catch (error) {
    return [refused('the app-level token', error, advice, { api: client.slackApiUrl })];
  }
}

/** Reached over HTTP: whether what Slack would call answers as Slack asks, signed with the secret that is set. */
async function httpFindings({ config, signal }: Context, page: string): Promise<Finding[]> {
  const { signingSecret, publicUrl, clientId, host, port } = config;
  if (signingSecret === undefined) return [];
  const base = publicUrl?.replace(/\/$/, '') ?? `http://${host}:${port}`;
  const where = `${page}: "Event Subscriptions", "Interactivity & Shortcuts" and "Slash Commands"`;
  const told = publicUrl
    ? `${base}/slack/events belongs into the request addresses at ${where}.`
    : `The public https address that leads there, with /slack/events, belongs into the request addresses at ${where}.`;
  return [
    ...(/^[0-9a-f]{32}$/.test(signingSecret)
      ? []
      : [
          warning(
            'The signing secret does not look like one: it has 32 characters, 0 to 9 and a to f.',
            `Copy it from ${page}, "Basic Information". Only messages from Slack show whether it is the right one.`,
          ),
        ]),
    ...(publicUrl && clientId === undefined ? addressFindings(publicUrl) : []),
    await reached(`${base}/slack/events`, signedQuestion(signingSecret), signal, told),
  ];
}

/** The question with which Slack checks an address. */
function signedQuestion(signingSecret: string): RequestInit {
  const timestamp = Math.floor(Date.now() / 1_000);
  const body = JSON.stringify({ type: 'url_verification', challenge: 'palate', token: 'none' });
  const mac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': `v0=${mac}`,
  };
  return { method: 'POST', headers, body };
}

function addressFindings(publicUrl: string): Finding[] {
  if (publicUrl.startsWith('https:')) return [];
  const advice = `Slack calls https addresses only: set "${TITLES.publicUrl}" to one.`;
  return [warning(`The public address ${publicUrl} is not https.`, advice)];
}

async function reached(url: string, init: RequestInit, signal: AbortSignal, advice?: string): Promise<Finding> {
  const start = `Start the plugin; what terminates HTTPS must lead to its "${TITLES.host}" and "${TITLES.port}".`;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const { status } = await fetch(url, { ...init, redirect: 'manual', signal: within });
    if (status < 400) return ok(`The bot answers at ${url}.`, advice);
    if (status === 401) return problem(`What answers at ${url} has another signing secret.`, 'Start the plugin anew.');
    return problem(`${url} answers with status ${status}.`, start);
  } catch (error) {
    return warning(`Nothing answers at ${url} (${reasonOf(error)}).`, start);
  }
}

function refused(what: string, error: unknown, advice: string, { api = '' }: { api?: string }): Finding {
  const why = refusal(error);
  if (why !== null) return problem(`Slack does not take ${what} (${why}).`, advice);
  return problem(
    `Whether Slack takes ${what} could not be asked (${reasonOf(error)}).`,
    `Let this machine reach ${api} (a firewall or proxy may be in the way), or set "${TITLES.api}".`,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const ok = (title: string, advice?: string): Finding => ({ level: 'OK', title, advice });
const warning = (title: string, advice: string): Finding => ({ level: 'WARNING', title, advice });
const problem = (title: string, advice: string): Finding => ({ level: 'PROBLEM', title, advice });
