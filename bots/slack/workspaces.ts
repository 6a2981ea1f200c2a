/** The Web API for each workspace the app is installed in. */

import { type Logger, webApi } from '@slack/bolt';
import { PluginSetupError } from '../../src/plugins/contract.js';
import type { SlackConfig } from './config.js';
import type { Installations } from './installations.js';
import { missingScopes } from './scopes.js';

export interface Workspace {
  /** Tries again by itself: for calls that mean the same when they are made twice. */
  api: webApi.WebClient;
  /** Never tries again: for calls that do not. */
  once: webApi.WebClient;
  botUserId: string;
}

const { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError, WebClient } = webApi;

/** A few attempts in about a minute. */
const RETRIES = { retries: 6, factor: 2, minTimeout: 500, maxTimeout: 20_000 };
const TIMEOUT_MS = 30_000;

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

export class Workspaces {
  private readonly byToken = new Map<string, Workspace>();
  private readonly asked = new Map<string, Promise<Authorized>>();
  /** The one workspace, where there is only one. */
  private single: { token: string; botUserId: string; botId: string; scope: string } | null = null;

  constructor(
    private readonly config: SlackConfig,
    private readonly logger: Logger,
    private readonly several: { installations: Installations; installer(): Authorizer } | null,
  ) {}

  /** @throws PluginSetupError where the token is not good, or may not do enough */
  async verify(): Promise<void> {
    const { botToken } = this.config;
    if (botToken === undefined) return;
    const client = this.client(botToken, true);
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
      if (refusal(error) === null) throw error;
      throw new PluginSetupError(
        `Slack does not take the bot token (${refusal(error)}). Copy it from api.slack.com/apps, your app, "OAuth & Permissions".`,
        { cause: error },
      );
    }
  }

  /** The scopes the app is installed in. */
  async scopes(): Promise<string[]> {
    return this.single ? [this.single.scope] : ((await this.several?.installations.scopes()) ?? []);
  }

  /** @throws Error where the app is not installed there */
  async at(scope: string): Promise<Workspace> {
    if (this.single) return this.of(this.single.token, this.single.botUserId);
    const query = scope.startsWith('E')
      ? { enterpriseId: scope, isEnterpriseInstall: true }
      : { teamId: scope, isEnterpriseInstall: false };
    const { botToken, botUserId } = await this.authorize(query);
    if (!botToken || !botUserId) throw new Error('The app is not installed there.');
    return this.of(botToken, botUserId);
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

  private of(token: string, botUserId: string): Workspace {
    const known = this.byToken.get(token);
    if (known) return known;
    const workspace = { api: this.client(token, true), once: this.client(token, false), botUserId };
    this.byToken.set(token, workspace);
    return workspace;
  }

  private client(token: string, again: boolean): webApi.WebClient {
    return new WebClient(token, {
      slackApiUrl: this.config.api,
      logger: this.logger,
      timeout: TIMEOUT_MS,
      allowAbsoluteUrls: false,
      retryConfig: again ? RETRIES : { retries: 0 },
      rejectRateLimitedCalls: !again,
    });
  }
}

/** Slack's word for why it refused a call; null where it did not, but something was in the way. */
export function refusal(error: unknown): string | null {
  return error instanceof WebAPIPlatformError ? error.data.error : null;
}

/** Whether a call may have been carried out although it failed. */
export function isAmbiguous(error: unknown): boolean {
  return error instanceof WebAPIRequestError || error instanceof WebAPIHTTPError;
}

/** Milliseconds to wait where a call came too early; null for other errors. */
export function waitOf(error: unknown): number | null {
  return error instanceof WebAPIRateLimitedError ? error.retryAfter * 1_000 : null;
}

const GONE = [
  'message_not_found',
  'channel_not_found',
  'thread_not_found',
  'not_in_channel',
  'is_archived',
  'user_not_in_channel',
  'cant_update_message',
  'account_inactive',
  'token_revoked',
  'invalid_auth',
];

/** Whether an error says that the thing is not there any more, or not for the bot. */
export function isGone(error: unknown): boolean {
  const why = refusal(error);
  return (why !== null && GONE.includes(why)) || (error instanceof Error && /not installed there/.test(error.message));
}
