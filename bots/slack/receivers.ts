/** How Slack reaches the bot: over a socket that the bot opens, or over HTTP; and the pages where admins install it. */
import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import { HTTPReceiver, type Logger, type Receiver } from '@slack/bolt';
import { GOODBYE_MS } from '../kit/index.js';
import type { SlackConfig } from './config.js';
import type { Installations } from './installations.js';
import { lookedAt } from './requests.js';
import { HELPFUL, NEEDED } from './scopes.js';
import { SocketLink } from './socket.js';
import type { Authorizer } from './workspaces.js';

const REDIRECT = '/slack/oauth_redirect';
const TIMEOUT_MS = 10_000;

export interface Links {
  /** What events come through. */
  receiver: Receiver;
  /** Knows the tokens of each workspace; null where there is only one. */
  installer: Authorizer | null;
  start(): Promise<void>;
  /** Lets go of everything, also in the middle of a start. */
  end(): Promise<void>;
  /** Whether Slack can reach the bot now, as far as it can be known. */
  isConnected(): boolean;
  /** Slack's word for why it takes the app-level token no more; null while it does. */
  refused(): string | null;
  /** Calls back whenever a connection was made anew. */
  onConnect(then: () => void): void;
}

export function openLinks(config: SlackConfig, installations: Installations | null, logger: Logger): Links {
  const socket = config.appToken === undefined ? null : new SocketLink(config.appToken, config.api, logger);
  const http = socket && !installations ? null : httpReceiver(config, installations, logger);
  let server: Server | undefined;
  return {
    receiver: (socket?.receiver ?? http) as Receiver,
    installer: (http?.installer ?? null) as Authorizer | null,
    start: async () => {
      server = await http?.start({ host: config.host, port: config.port });
      await socket?.start();
    },
    end: async () => {
      await socket?.end();
      if (!server) return;
      const closed = http?.stop().catch(() => {});
      server.closeIdleConnections();
      const impatience = setTimeout(() => server?.closeAllConnections(), GOODBYE_MS);
      await closed;
      clearTimeout(impatience);
    },
    isConnected: () => socket?.connected ?? true,
    refused: () => socket?.refused ?? null,
    onConnect: (then) => socket?.onConnect(then),
  };
}

function httpReceiver(config: SlackConfig, installations: Installations | null, logger: Logger): HTTPReceiver {
  const { signingSecret, clientId, clientSecret, publicUrl, api } = config;
  const receiver = new HTTPReceiver({
    signingSecret: signingSecret ?? '',
    // With Socket Mode only the installation's pages are served here.
    signatureVerification: signingSecret !== undefined,
    endpoints: config.appToken === undefined ? ['/slack/events'] : [],
    logger,
    ...(installations && {
      clientId,
      clientSecret,
      stateSecret: createHmac('sha256', clientSecret ?? '')
        .update('installation state')
        .digest('hex'),
      installationStore: installations,
      scopes: [...NEEDED, ...HELPFUL],
      redirectUri: `${publicUrl?.replace(/\/$/, '')}${REDIRECT}`,
      installerOptions: {
        redirectUriPath: REDIRECT,
        directInstall: true,
        authorizationUrl: new URL('/oauth/v2/authorize', api).href,
        clientOptions: { slackApiUrl: api, retryConfig: { retries: 1, unref: true }, timeout: TIMEOUT_MS },
      },
    }),
  });
  receiver.requestListener = lookedAt(receiver.requestListener);
  return receiver;
}
