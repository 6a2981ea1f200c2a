/** How Slack reaches the bot: over a socket that the bot opens, or over HTTP; and the pages where admins install it. */
import { createHmac } from 'node:crypto';
import { HTTPReceiver, type Logger, type Receiver, SocketModeReceiver } from '@slack/bolt';
import type { SlackConfig } from './config.js';
import type { Installations } from './installations.js';
import { HELPFUL, NEEDED } from './scopes.js';
import type { Authorizer } from './workspaces.js';

const REDIRECT = '/slack/oauth_redirect';
/** Milliseconds before a connection that failed is tried again. */
const AGAIN_MS = 5_000;

export interface Links {
  /** What events come through. */
  receiver: Receiver;
  /** Knows the tokens of each workspace; null where there is only one. */
  installer: Authorizer | null;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Whether Slack can reach the bot now, as far as it can be known. */
  isConnected(): boolean;
  /** Calls back whenever a connection was made anew. */
  onConnect(then: () => void): void;
}

export function openLinks(
  config: SlackConfig,
  installations: Installations | null,
  logger: Logger,
  signal: AbortSignal,
): Links {
  const socket = config.appToken === undefined ? null : socketReceiver(config.appToken, config, logger);
  if (socket) keepConnecting(socket.client, signal);
  const http = socket && !installations ? null : httpReceiver(config, installations, logger);
  let connected = false;
  socket?.client.on('connected', () => {
    connected = true;
  });
  for (const state of ['disconnected', 'reconnecting', 'close']) {
    socket?.client.on(state, () => {
      connected = false;
    });
  }
  return {
    receiver: (socket ?? http) as Receiver,
    installer: (http?.installer ?? null) as Authorizer | null,
    start: async () => {
      await http?.start({ host: config.host, port: config.port });
      await socket?.start();
    },
    stop: async () => {
      await socket?.stop();
      await http?.stop().catch(() => {});
    },
    isConnected: () => socket === null || connected,
    onConnect: (then) => void socket?.client.on('connected', then),
  };
}

/** The SDK's client forgets a reconnection that fails; here it is tried again, unless it is time to end. */
function keepConnecting(client: SocketModeReceiver['client'], signal: AbortSignal): void {
  const start = client.start.bind(client);
  let begun = false;
  client.start = async () => {
    try {
      const connection = await start();
      begun = true;
      return connection;
    } catch (error) {
      if (!begun) throw error;
      if (!signal.aborted) setTimeout(() => void client.start(), AGAIN_MS).unref();
      return { ok: false };
    }
  };
}

function socketReceiver(appToken: string, { api }: SlackConfig, logger: Logger): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken,
    logger,
    installerOptions: { clientOptions: { slackApiUrl: api } },
  });
}

function httpReceiver(config: SlackConfig, installations: Installations | null, logger: Logger): HTTPReceiver {
  const { signingSecret, clientId, clientSecret, publicUrl, api } = config;
  return new HTTPReceiver({
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
        clientOptions: { slackApiUrl: api },
      },
    }),
  });
}
