/** What the doctor finds about the Discord bot's settings: it asks the REST API, and opens no connection to the gateway. */
import {
  type APIApplicationCommand,
  type APIGatewayBotInfo,
  type APIUser,
  ApplicationFlags,
  DiscordAPIError,
  PermissionFlagsBits,
  REST,
  type RESTAPIPartialCurrentUserGuild,
  type RESTGetCurrentApplicationResult,
  Routes,
} from 'discord.js';
import type { DiagnosisContext, Finding } from '../../src/plugins/contract.js';
import { emojiMapOf, UNICODE_REACTIONS } from '../kit/index.js';
import { commandDefinitions } from './commands.js';
import { type DiscordConfig, TITLES } from './config.js';

const PORTAL = 'https://discord.com/developers/applications';
const SCOPES = ['bot', 'applications.commands'];
const TIMEOUT_MS = 5_000;
/** Servers asked for at a time, as many times as that, and servers that are told of one by one. */
const [GUILDS_PAGE, GUILDS_PAGES, GUILDS_TOLD] = [200, 10, 10];

/** What an invitation asks for, by the names that Discord shows, and what is missed without it. */
const PERMISSIONS: readonly { name: string; bit: bigint; without: string }[] = [
  { name: 'View Channels', bit: PermissionFlagsBits.ViewChannel, without: 'it sees nothing' },
  { name: 'Send Messages', bit: PermissionFlagsBits.SendMessages, without: 'it cannot answer' },
  {
    name: 'Send Messages in Threads',
    bit: PermissionFlagsBits.SendMessagesInThreads,
    without: 'threads get no answer',
  },
  {
    name: 'Read Message History',
    bit: PermissionFlagsBits.ReadMessageHistory,
    without: 'votes cast while it was away are lost',
  },
  { name: 'Add Reactions', bit: PermissionFlagsBits.AddReactions, without: 'it cannot offer reactions to vote by' },
  { name: 'Embed Links', bit: PermissionFlagsBits.EmbedLinks, without: 'its pages stay empty' },
  { name: 'Attach Files', bit: PermissionFlagsBits.AttachFiles, without: 'it cannot hand out an exported taste' },
];
const NEEDED_PERMISSIONS = ['View Channels', 'Send Messages', 'Read Message History'];

type Ask = <T>(route: `/${string}`, query?: Record<string, string>) => Promise<T>;

export async function diagnose({ config, signal }: DiagnosisContext<DiscordConfig>): Promise<Finding[]> {
  const rest = new REST({ api: config.api, timeout: TIMEOUT_MS, retries: 1 }).setToken(config.token);
  const ask: Ask = <T>(route: `/${string}`, query?: Record<string, string>) =>
    rest.get(route, { signal, query: new URLSearchParams(query) }) as Promise<T>;
  try {
    const [user, application] = await Promise.all([
      ask<APIUser>(Routes.user()),
      ask<RESTGetCurrentApplicationResult>(Routes.currentApplication()),
    ]);
    const invitation = invitationOf(application.id);
    return [
      ok(
        `The token is good: it belongs to the bot ${user.username} of the application ${application.name} (${application.id}).`,
      ),
      ...applicationFindings(application, invitation),
      ...intentFindings(application, config.messageContent),
      ...emojiFindings(config),
      ...(await attempt('the servers', async () => guildFindings(await guildsOf(ask), invitation, config))),
      ...(await attempt('the commands', async () =>
        commandFindings(await ask(Routes.applicationCommands(application.id))),
      )),
      ...(await attempt('the connections', async () => sessionFindings(await ask(Routes.gatewayBot())))),
    ];
  } catch (error) {
    return [tokenProblem(error, config.api)];
  } finally {
    rest.clearHashSweeper();
    rest.clearHandlerSweeper();
  }
}

/** The address that brings the bot into a server with everything it needs. */
export function invitationOf(applicationId: string): string {
  const permissions = PERMISSIONS.reduce((sum, { bit }) => sum | bit, 0n);
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: SCOPES.join(' '),
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

function tokenProblem(error: unknown, api: string): Finding {
  if (error instanceof DiscordAPIError && error.status === 401) {
    return problem(
      'Discord does not know the token.',
      `Open ${PORTAL}, your application, "Bot", press "Reset Token", and set the new one as "${TITLES.token}".`,
    );
  }
  if (error instanceof DiscordAPIError)
    return problem(`Discord refuses to answer (${error.message}).`, 'Try again later.');
  return problem(
    `Discord cannot be reached at ${api} (${reasonOf(error)}).`,
    `Let this machine reach that address (a firewall or proxy may be in the way), or set "${TITLES.api}".`,
  );
}

function applicationFindings(application: RESTGetCurrentApplicationResult, invitation: string): Finding[] {
  const page = `${PORTAL}/${application.id}/bot`;
  if (application.bot_require_code_grant) {
    return [problem('Invitations do not work: "Requires OAuth2 Code Grant" is on.', `Switch it off at ${page}.`)];
  }
  if (application.bot_public === false) {
    return [
      ok('Only the owner of the application can add it to servers.', `For others, switch "Public Bot" on at ${page}.`),
    ];
  }
  return [ok('Whoever manages a server can add it there.', `The invitation: ${invitation}`)];
}

function intentFindings({ id, flags }: RESTGetCurrentApplicationResult, wanted: boolean): Finding[] {
  const page = `${PORTAL}/${id}/bot, "Privileged Gateway Intents"`;
  const has = (...bits: ApplicationFlags[]) => bits.some((bit) => (Number(flags ?? 0) & bit) > 0);
  const content = has(ApplicationFlags.GatewayMessageContent, ApplicationFlags.GatewayMessageContentLimited);
  const spare = [
    ...(has(ApplicationFlags.GatewayPresence, ApplicationFlags.GatewayPresenceLimited) ? ['Presence'] : []),
    ...(has(ApplicationFlags.GatewayGuildMembers, ApplicationFlags.GatewayGuildMembersLimited)
      ? ['Server Members']
      : []),
    ...(content && !wanted ? ['Message Content'] : []),
  ];
  return [
    contentFinding(content, wanted, page),
    ...(spare.length > 0
      ? [ok(`Intents are on that it does not ask for: ${spare.join(', ')}.`, `They can be switched off at ${page}.`)]
      : []),
  ];
}

function contentFinding(on: boolean, wanted: boolean, page: string): Finding {
  if (!wanted)
    return ok(
      'It works without the message content intent: it reads what mentions it, answers it or is written to it.',
    );
  if (on) return ok(`The message content intent is on, as "${TITLES.messageContent}" asks.`);
  return problem(
    `"${TITLES.messageContent}" is set, and the message content intent is off: Discord will not let the bot connect.`,
    `Switch "Message Content Intent" on at ${page}, or switch "${TITLES.messageContent}" off in the settings.`,
  );
}

function emojiFindings(config: DiscordConfig): Finding[] {
  try {
    emojiMapOf(UNICODE_REACTIONS, config);
    return [];
  } catch (error) {
    return [problem(reasonOf(error), 'Correct it in the settings.')];
  }
}

async function guildsOf(ask: Ask): Promise<RESTAPIPartialCurrentUserGuild[]> {
  const guilds: RESTAPIPartialCurrentUserGuild[] = [];
  for (let page = 0; page < GUILDS_PAGES; page++) {
    const after = guilds.at(-1)?.id ?? '0';
    const more = await ask<RESTAPIPartialCurrentUserGuild[]>(Routes.userGuilds(), {
      limit: String(GUILDS_PAGE),
      after,
    });
    guilds.push(...more);
    if (more.length < GUILDS_PAGE) break;
  }
  return guilds;
}

function guildFindings(
  guilds: readonly RESTAPIPartialCurrentUserGuild[],
  invitation: string,
  { controls }: DiscordConfig,
): Finding[] {
  if (guilds.length === 0) {
    return [
      warning('It is in no server; only direct messages could reach it.', `Open ${invitation} and choose your server.`),
    ];
  }
  const lacking = guilds.flatMap(({ name, permissions }) => {
    const missing = missingIn(BigInt(permissions), controls);
    return missing.length > 0 ? [{ name, missing }] : [];
  });
  const count = `${guilds.length} ${guilds.length === 1 ? 'server' : 'servers'}`;
  const fine = guilds.length - lacking.length;
  const names = guilds.slice(0, GUILDS_TOLD).map(({ name }) => name);
  const more = guilds.length > GUILDS_TOLD ? ' …' : '';
  return [
    ok(`It is in ${count}: ${names.join(', ')}${more}. In ${fine} of them its role has every permission.`),
    ...lacking.slice(0, GUILDS_TOLD).map(({ name, missing }) => lackingFinding(name, missing, invitation)),
    ...(lacking.length > GUILDS_TOLD
      ? [
          warning(
            `In ${lacking.length - GUILDS_TOLD} more servers permissions are missing.`,
            `Invite it there again: ${invitation}`,
          ),
        ]
      : []),
  ];
}

type Permission = (typeof PERMISSIONS)[number];

/** What its roles do not allow there; channels may allow more or less. */
function missingIn(granted: bigint, controls: DiscordConfig['controls']): Permission[] {
  if (granted & PermissionFlagsBits.Administrator) return [];
  const asked = PERMISSIONS.filter(({ name }) => controls !== 'buttons' || name !== 'Add Reactions');
  return asked.filter(({ bit }) => (granted & bit) === 0n);
}

function lackingFinding(server: string, missing: readonly Permission[], invitation: string): Finding {
  const title = `In ${server} its role lacks ${missing.map(({ name, without }) => `${name} (${without})`).join(', ')}.`;
  const advice = `Allow it in Server Settings, "Roles", the bot's role, or add it again by ${invitation}. Channels may differ.`;
  return missing.some(({ name }) => NEEDED_PERMISSIONS.includes(name))
    ? problem(title, advice)
    : warning(title, advice);
}

function commandFindings(registered: readonly Pick<APIApplicationCommand, 'name'>[]): Finding[] {
  const names = commandDefinitions().map(({ name }) => name);
  const missing = names.filter((name) => !registered.some((command) => command.name === name));
  const list = (some: readonly string[]) => some.map((name) => `/${name}`).join(' ');
  if (missing.length === 0) return [ok(`Its commands are registered: ${list(names)}.`)];
  const advice = 'It registers them when it starts. If it runs, stop and start the plugin.';
  return [warning(`Commands are not registered: ${list(missing)}.`, advice)];
}

function sessionFindings({ shards, session_start_limit }: APIGatewayBotInfo): Finding[] {
  const { remaining, total, reset_after } = session_start_limit;
  const left = `${remaining} of ${total} connections are left today`;
  if (remaining >= shards) return [ok(`${left}; it uses ${shards} at a time.`)];
  const minutes = Math.ceil(reset_after / 60_000);
  return [
    problem(`${left}, and it needs ${shards}.`, `Wait ${minutes} minutes, and find out what restarts it so often.`),
  ];
}

/** Findings of one part; that it could not be looked at is one too. */
async function attempt(what: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [warning(`Discord did not tell about ${what} (${reasonOf(error)}).`, 'Try again later.')];
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const ok = (title: string, advice?: string): Finding => ({ level: 'OK', title, advice });
const warning = (title: string, advice: string): Finding => ({ level: 'WARNING', title, advice });
const problem = (title: string, advice: string): Finding => ({ level: 'PROBLEM', title, advice });
