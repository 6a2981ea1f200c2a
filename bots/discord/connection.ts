/** The bot's connection to Discord: made and ended in one place, and asked how it stands. */
import {
  Client,
  DefaultRestOptions,
  DiscordAPIError,
  type DiscordjsError,
  DiscordjsErrorCodes,
  Events,
  GatewayCloseCodes,
  GatewayIntentBits,
  Options,
  Partials,
  type RESTOptions,
  Routes,
  Status,
} from 'discord.js';
import { type PluginContext, type PluginHealth, PluginSetupError } from '../../src/plugins/contract.js';
import { CONNECT_MS, GOODBYE_MS, inTime, Outage } from '../kit/index.js';
import { type DiscordConfig, TITLES } from './config.js';
import { EndingShards } from './ending-shards.js';

/** Times that the gateway may end a shard's connection before it let the bot in. */
const ATTEMPTS = 6;
/** Milliseconds between two looks whether the API is back. */
const LOOK_AGAIN_MS = 10_000;

const PORTAL = 'discord.com/developers/applications, your application, "Bot"';
const BAD_TOKEN = `Discord does not know this token. Make a new one at ${PORTAL}, "Reset Token".`;
const NO_INTENT = `The message content intent is not switched on. Switch it on at ${PORTAL}, or switch "${TITLES.messageContent}" off in the settings.`;

/** What Discord will not take however often it is tried, by the code with which it closes the connection. */
const FOR_GOOD: Readonly<Partial<Record<number, string>>> = {
  [GatewayCloseCodes.AuthenticationFailed]: BAD_TOKEN,
  [GatewayCloseCodes.InvalidIntents]: NO_INTENT,
  [GatewayCloseCodes.DisallowedIntents]: NO_INTENT,
};

type Parts = Pick<PluginContext<DiscordConfig>, 'config' | 'log' | 'signal' | 'onEnd'>;
type MakeRequest = RESTOptions['makeRequest'];

export class DiscordConnection {
  readonly discord: Client;
  private shards: EndingShards | undefined;
  /** Why it is over for good. */
  private refused: PluginSetupError | null = null;
  private readonly gateway = new Outage();
  private readonly api = new Outage();
  private lookedAt = 0;
  private ended = false;

  constructor(private readonly parts: Parts) {
    const { config, log, onEnd } = parts;
    this.discord = new Client({
      ...OPTIONS,
      intents: [...INTENTS, ...(config.messageContent ? [GatewayIntentBits.MessageContent] : [])],
      rest: { api: config.api, makeRequest: (url, init) => this.request(url, init) },
      ws: {
        buildStrategy: (manager) => {
          const fault = (error: unknown) => log.warn('Something that Discord sent could not be read', { error });
          this.shards = new EndingShards(manager, fault);
          return this.shards;
        },
      },
    });
    onEnd('the connection to Discord', () => this.end());
    this.watch();
  }

  /**
   * Connects, and resolves when messages come.
   * @throws PluginSetupError where the settings, not the network, are in the way
   */
  async connect(): Promise<void> {
    const { discord, parts } = this;
    const ready = new Promise<void>((resolve) => discord.once(Events.ClientReady, () => resolve()));
    parts.log.info('Connecting to Discord');
    const refused = new Promise<never>((_, reject) => {
      let failures = 0;
      discord.on(Events.ShardReconnecting, () => {
        if (discord.isReady()) return;
        parts.log.info(this.unreached());
        failures++;
        if (failures >= ATTEMPTS * discord.ws.shards.size) reject(new Error(this.unreached()));
      });
    });
    const login = discord.login(parts.config.token);
    const connected = Promise.race([login.then(() => ready), refused]);
    connected.catch(() => undefined);
    try {
      await inTime(connected, CONNECT_MS, parts.signal, () => this.unreached());
    } catch (error) {
      throw this.refused ?? setupProblem(error) ?? reasoned(error, parts.config.api);
    }
  }

  /** @throws PluginSetupError where Discord has come to refuse the settings for good */
  async health(): Promise<PluginHealth> {
    if (this.refused) throw this.refused;
    const down = this.discord.ws.shards.filter(({ status }) => !CONNECTED.includes(status)).size;
    if (down > 0)
      return this.gateway.health((since) => `The connection to Discord was lost at ${since}. It is being made anew.`);
    this.gateway.over();
    if (this.api.since !== null) await this.lookAgain();
    if (this.refused) throw this.refused;
    if (this.api.since !== null)
      return this.api.health(
        (since, why) => `Discord's API has been in trouble since ${since}${why}. It is asked again.`,
      );
    const servers = this.discord.guilds.cache.size;
    return {
      ok: true,
      message: `Connected as ${this.discord.user?.tag} in ${servers} ${servers === 1 ? 'server' : 'servers'}.`,
    };
  }

  private async end(): Promise<void> {
    this.ended = true;
    this.discord.removeAllListeners();
    // A client that was just about to fail tells it to somebody.
    this.discord.on(Events.Error, () => {});
    await this.shards?.end(GOODBYE_MS);
    await this.discord.destroy();
  }

  private watch(): void {
    const { discord, parts } = this;
    const { log } = parts;
    discord.on(Events.Error, (error) => log.warn('Discord reports an error', { error }));
    discord.on(Events.ShardError, (error, shard) => log.warn('The connection to Discord failed', { shard, error }));
    discord.on(Events.ShardReconnecting, () => this.gateway.began());
    for (const back of [Events.ShardReady, Events.ShardResume] as const) discord.on(back, () => this.gateway.over());
    discord.on(Events.ShardDisconnect, ({ code }, shard) => {
      this.gateway.began();
      log.warn('A shard lost its connection for good', { shard, code });
      const why = FOR_GOOD[code];
      if (why) this.refused = new PluginSetupError(why);
    });
    discord.rest.on('rateLimited', ({ route, retryAfter, global }) =>
      log.info('Discord asks to wait', { route, retryAfter, global }),
    );
  }

  /** Every request to the API goes through here: whether it answers, and whether it still knows the token. */
  private async request(...[url, init]: Parameters<MakeRequest>): ReturnType<MakeRequest> {
    // Not retried by the SDK, as an abortion would be.
    if (this.ended) throw new Error('The bot has ended.');
    try {
      const response = await DefaultRestOptions.makeRequest(url, init);
      if (response.status >= 500) this.api.began(`it answers with ${response.status}`);
      else this.api.over();
      if (response.status === 401 && carriesToken(init.headers)) this.refused = new PluginSetupError(BAD_TOKEN);
      return response;
    } catch (error) {
      this.api.began(reasonOf(error));
      throw error;
    }
  }

  private async lookAgain(): Promise<void> {
    if (performance.now() - this.lookedAt < LOOK_AGAIN_MS) return;
    this.lookedAt = performance.now();
    const signal = AbortSignal.timeout(LOOK_AGAIN_MS / 4);
    await this.discord.rest.get(Routes.user(), { signal }).catch(() => undefined);
  }

  private unreached(): string {
    const { gateway } = this.discord.ws;
    const where = gateway ? `Discord's gateway at ${gateway}` : `Discord at ${this.parts.config.api}`;
    const why = this.api.reason && !gateway ? ` (${this.api.reason})` : '';
    return `${where} does not let the bot in${why}. A firewall or proxy may be in the way of this machine, or Discord has an outage (discordstatus.com).`;
  }
}

const CONNECTED: readonly Status[] = [Status.Ready, Status.Nearly, Status.WaitingForGuilds];

const INTENTS = [
  GatewayIntentBits.Guilds,
  GatewayIntentBits.GuildMessages,
  GatewayIntentBits.GuildMessageReactions,
  GatewayIntentBits.DirectMessages,
  GatewayIntentBits.DirectMessageReactions,
];

/** Keeps little in memory: what the bot needs of old messages it reads again. */
const OPTIONS = {
  partials: [Partials.Channel, Partials.Message, Partials.Reaction, Partials.User],
  shards: 'auto',
  allowedMentions: { parse: [], repliedUser: false },
  makeCache: Options.cacheWithLimits({
    ...Options.DefaultMakeCacheSettings,
    MessageManager: 50,
    ReactionUserManager: 0,
    PresenceManager: 0,
  }),
} as const;

function setupProblem(error: unknown): PluginSetupError | null {
  const { code, message = '' } = error as Partial<DiscordjsError>;
  if (code === DiscordjsErrorCodes.TokenInvalid || /authentication failed/i.test(message)) {
    return new PluginSetupError(BAD_TOKEN);
  }
  if (/(disallowed|invalid) intents/i.test(message)) return new PluginSetupError(NO_INTENT);
  return null;
}

/** An error of the network's, with where it was met. */
function reasoned(error: unknown, api: string): unknown {
  if (error instanceof DiscordAPIError || !(error instanceof Error)) return error;
  const { status } = error as { status?: number };
  if (status !== undefined) return new Error(`Discord at ${api} answers with ${status}.`, { cause: error });
  const { code, name } = error as NodeJS.ErrnoException;
  if (code === undefined && name !== 'AbortError') return error;
  return new Error(`Discord cannot be reached at ${api} (${reasonOf(error)}).`, { cause: error });
}

function carriesToken(headers: unknown): boolean {
  return new Headers(headers as Record<string, string>).has('authorization');
}

function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  return name === 'AbortError' ? 'no answer' : typeof code === 'string' ? code : message;
}
