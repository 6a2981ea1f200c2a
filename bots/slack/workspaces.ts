/** The Web API for each workspace the app is installed in. */

import { type Logger, webApi } from '@slack/bolt';
import { LRUCache } from 'lru-cache';
import { PluginSetupError } from '../../src/plugins/contract.js';
import type { SlackConfig } from './config.js';
import type { Installations } from './installations.js';
import { isForGood, reasonOf, refusal } from './refusals.js';
import { missingScopes } from './scopes.js';

export interface Workspace {
  /** Tries again by itself: for calls that mean the same when they are made twice. */
  api: webApi.WebClient;
  /** Never tries again: for calls that do not. */
  once: webApi.WebClient;
  botUserId: string;
}

/** A few attempts in about a minute; waiting for the next one keeps no process alive. */
const RETRIES = { retries: 6, factor: 2, minTimeout: 500, maxTimeout: 20_000, unref: true };
const TIMEOUT_MS = 30_000;
/** Workspaces whose clients are kept. */
const CLIENTS = 1_000;
/** Milliseconds for a question whose answer somebody waits for. */
const LOOK_MS = 10_000;

interface AuthorizeQuery {
  teamId?: string;
  enterpriseId?: string;
  isEnterpriseInstall: boolean;
}

interface Authorized {
  botToken?: string;
  botUserId?: string;
  botId?: string;
}

export interface Authorizer {
  authorize(query: AuthorizeQuery): Promise<Authorized>;
}

/** Slack's word for why it takes a token no more. */
interface Refused {
  scope: string;
  token: string;
  why: string;
}

export class Workspaces {
  /** Tokens are renewed twice a day where an app asks for that: old ones go. */
  private readonly byToken = new LRUCache<string, Workspace>({ max: CLIENTS });
  private readonly refused = new Map<string, Refused>();
  private readonly asked = new Map<string, Promise<Authorized>>();
  /** The one workspace, where there is only one. */
  private single: { token: string; botUserId: string; botId: string; scope: string } | null = null;

  constructor(
    private readonly config: SlackConfig,
    private readonly logger: Logger,
    private readonly several: { installations: Installations; installer(): Authorizer } | null,
  ) {}

  /**
   * Asks about the one workspace, where there is only one.
   * @throws PluginSetupError where the token is not good, or may not do enough; Error that says what is in the way
   */
  async verify(): Promise<void> {
    const { botToken, api } = this.config;
    if (botToken === undefined) return;
    const client = this.client(botToken, false, LOOK_MS);
    try {
      const {
        user_id = '',
        bot_id = '',
        team_id,
        enterprise_id,
        is_enterprise_install,
        response_metadata,
      } = await client.auth.test();
      const missing = missingScopes(response_metadata?.scopes);
      if (missing.length > 0) {
        throw new PluginSetupError(
          `The app lacks permissions: ${missing.join(', ')}. Add them at api.slack.com/apps, your app, "OAuth & Permissions", and install it again.`,
        );
      }
      const scope = (is_enterprise_install ? enterprise_id : team_id) ?? '';
      this.single = { token: botToken, botUserId: user_id, botId: bot_id, scope };
    } catch (error) {
      if (error instanceof PluginSetupError) throw error;
      if (refusal(error) === null) throw new Error(`${reasonOf(error, api)}.`, { cause: error });
      throw new PluginSetupError(tokenProblem(refusal(error) ?? ''), { cause: error });
    }
  }

  /** Tokens that Slack has come to refuse, of installations that still have them. */
  async refusals(): Promise<Refused[]> {
    for (const [token, { scope }] of this.refused) {
      const present = this.single?.token ?? (await this.several?.installations.of(scope))?.bot?.token;
      if (present !== token) this.refused.delete(token);
    }
    return [...this.refused.values()];
  }

  /** The scopes the app is installed in. */
  async scopes(): Promise<string[]> {
    return this.single ? [this.single.scope] : ((await this.several?.installations.scopes()) ?? []);
  }

  /** @throws Error where the app is not installed there */
  async at(scope: string): Promise<Workspace> {
    if (this.single) return this.of(scope, this.single.token, this.single.botUserId);
    const query = scope.startsWith('E')
      ? { enterpriseId: scope, isEnterpriseInstall: true }
      : { teamId: scope, isEnterpriseInstall: false };
    const { botToken, botUserId } = await this.authorize(query);
    if (!botToken || !botUserId) throw new Error('The app is not installed there.');
    return this.of(scope, botToken, botUserId);
  }

  /** The tokens of an installation. Asked once at a time: renewing a token uses up what it is renewed with. */
  authorize(query: AuthorizeQuery): Promise<Authorized> {
    if (this.single) {
      const { token, botUserId, botId } = this.single;
      return Promise.resolve({ botToken: token, botUserId, botId });
    }
    const key = `${query.isEnterpriseInstall ? '' : query.teamId}/${query.enterpriseId ?? ''}`;
    const asked = this.asked.get(key) ?? this.several?.installer().authorize(query) ?? Promise.resolve({});
    this.asked.set(key, asked);
    const forget = () => this.asked.get(key) === asked && this.asked.delete(key);
    asked.then(forget, forget);
    return asked;
  }

  private of(scope: string, token: string, botUserId: string): Workspace {
    const known = this.byToken.get(token);
    if (known) return known;
    const onRefused = (why: string) => this.refused.set(token, { scope, token, why });
    const workspace = {
      api: this.client(token, true, TIMEOUT_MS, onRefused),
      once: this.client(token, false, TIMEOUT_MS, onRefused),
      botUserId,
    };
    this.byToken.set(token, workspace);
    return workspace;
  }

  private client(token: string, again: boolean, timeout: number, onRefused?: (why: string) => void): webApi.WebClient {
    const options = {
      slackApiUrl: this.config.api,
      logger: this.logger,
      timeout,
      allowAbsoluteUrls: false,
      retryConfig: again ? RETRIES : { retries: 0 },
      rejectRateLimitedCalls: !again,
    };
    return new WatchedClient(token, options, onRefused);
  }
}

/** Hears it when Slack takes the token no more, whoever made the call. */
class WatchedClient extends webApi.WebClient {
  constructor(
    token: string,
    options: webApi.WebClientOptions,
    private readonly onRefused: (why: string) => void = () => {},
  ) {
    super(token, options);
  }

  override async apiCall(method: string, options?: Record<string, unknown>): Promise<webApi.WebAPICallResult> {
    try {
      return await super.apiCall(method, options);
    } catch (error) {
      if (isForGood(error)) this.onRefused(refusal(error) ?? '');
      throw error;
    }
  }
}

/** What to do where Slack does not take the one workspace's token. */
export function tokenProblem(why: string): string {
  const removed = why === 'account_inactive' || why === 'token_revoked';
  const again = removed ? 'The app was removed from the workspace: install it again, and copy' : 'Copy';
  return `Slack does not take the bot token (${why}). ${again} it from api.slack.com/apps, your app, "OAuth & Permissions".`;
}
