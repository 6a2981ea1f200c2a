/** Socket Mode: a connection that the bot opens, keeps, and really ends when it is told to. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, SocketModeReceiver } from '@slack/bolt';
import { GOODBYE_MS } from '../kit/index.js';
import { isForGood, refusal } from './refusals.js';

/** Milliseconds before a connection that failed is tried again. */
const AGAIN_MS = 5_000;
const TIMEOUT_MS = 10_000;

type Client = SocketModeReceiver['client'];

export class SocketLink {
  readonly receiver: SocketModeReceiver;
  /** Whether there is a connection now. */
  connected = false;
  /** Slack's word for why it takes the app-level token no more. */
  refused: string | null = null;
  private begun = false;
  private ended = false;

  constructor(appToken: string, api: string, logger: Logger) {
    this.receiver = new SocketModeReceiver({
      appToken,
      logger,
      processEventErrorHandler: async ({ error }) => {
        logger.warn('Something that Slack sent could not be dealt with', error);
        return false;
      },
      // The SDK tries a hundred times, and goes on after it was told to end; here each attempt is our own.
      installerOptions: { clientOptions: { slackApiUrl: api, retryConfig: { retries: 0 }, timeout: TIMEOUT_MS } },
    });
    const { client } = this.receiver;
    client.on('connected', () => {
      this.connected = true;
    });
    for (const state of ['disconnected', 'reconnecting', 'close']) {
      client.on(state, () => {
        this.connected = false;
      });
    }
    // Told within the attempt to connect: to throw here gives it up.
    client.on('connecting', () => {
      if (this.ended) throw new Error('The bot has ended.');
    });
    this.keepConnecting(client);
    readCarefully(client, logger);
  }

  async start(): Promise<void> {
    await this.receiver.start();
  }

  onConnect(then: () => void): void {
    this.receiver.client.on('connected', then);
  }

  /** Says goodbye where there is a connection, and leaves none. */
  async end(): Promise<void> {
    this.ended = true;
    const { client } = this.receiver;
    const gone = client.disconnect();
    await Promise.race([gone, delay(GOODBYE_MS, undefined, { ref: false })]);
    // Once more ends one that is still saying goodbye.
    void client.disconnect();
  }

  /** The SDK forgets a reconnection that fails; here it is tried again, unless it is time to end or Slack refuses it for good. */
  private keepConnecting(client: Client): void {
    const start = client.start.bind(client);
    client.start = async () => {
      try {
        const connection = await start();
        this.begun = true;
        return connection;
      } catch (error) {
        if (!this.begun) throw error;
        if (isForGood(error)) this.refused = refusal(error);
        else if (!this.ended) setTimeout(() => !this.ended && void client.start(), AGAIN_MS).unref();
        return { ok: false };
      }
    };
  }
}

const KINDS = ['hello', 'disconnect', 'events_api', 'slash_commands', 'interactive'];
/** What the SDK tells itself by the names under which it also tells events. */
const OWN = ['connecting', 'connected', 'reconnecting', 'disconnecting', 'disconnected', 'authenticated'];
const RESERVED = [...OWN, 'error', 'close', 'ws_message', 'slack_event', 'outgoing_message'];

/** Messages that lack what the SDK reads of them are left out: it would end the process over them. */
function readCarefully(client: Client, logger: Logger): void {
  const reader = client as unknown as { onWebSocketMessage(data: unknown, isBinary: boolean): Promise<void> };
  client.removeAllListeners('ws_message');
  client.on('ws_message', (data: unknown, isBinary: boolean) => {
    if (isBinary || !isSound(data)) return logger.warn('Slack sent something that cannot be read');
    reader.onWebSocketMessage(data, isBinary).catch((error: unknown) => {
      logger.warn('Something that Slack sent could not be dealt with', error);
    });
  });
}

function isSound(data: unknown): boolean {
  try {
    const message = JSON.parse(String(data)) as {
      type?: unknown;
      payload?: { event?: { type?: unknown } | null } | null;
    };
    if (!KINDS.includes(String(message?.type))) return false;
    if (message.type !== 'events_api') return true;
    const { type } = message.payload?.event ?? {};
    return typeof type === 'string' && !RESERVED.includes(type);
  } catch {
    return false;
  }
}
