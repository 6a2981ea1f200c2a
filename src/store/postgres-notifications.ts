/** NOTIFY and LISTEN: one connection that hears what the triggers of other processes tell, and comes back when it was lost. */
import pg from 'pg';
import type { Listener, Notifications } from './sql.js';

const RETRY_MS = 1_000;
/** Milliseconds for a connection. */
const CONNECT_MS = 10_000;

export function postgresNotifications(url: string, process: string): Notifications {
  return {
    process,
    listen: async (channels, listener) => {
      const connection = new ListeningConnection(url, channels, listener);
      await connection.open();
      return () => connection.close();
    },
  };
}

class ListeningConnection {
  private client: pg.Client | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;
  /** What was told of is not told again, however often coming back fails. */
  private told = false;

  constructor(
    private readonly url: string,
    private readonly channels: readonly string[],
    private readonly listener: Listener,
  ) {}

  async open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'palate',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
    });
    this.client = client;
    client.on('notification', ({ channel, payload }) => this.listener.onMessage(channel, payload ?? ''));
    client.on('error', (error) => this.tell(error));
    client.on('end', () => this.reopen(client));
    await client.connect();
    for (const channel of this.channels) await client.query(`LISTEN ${channel}`);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private tell(error: Error): void {
    if (!this.told) this.listener.onError(error);
    this.told = true;
  }

  private reopen(lost: pg.Client): void {
    // A connection that fails tells so more than once.
    if (this.closed || this.client !== lost || this.retry) return;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.open().then(
        () => {
          this.told = false;
          this.listener.onReconnect();
        },
        (error) => {
          this.tell(error);
          if (this.client) this.reopen(this.client);
        },
      );
    }, RETRY_MS);
  }
}
