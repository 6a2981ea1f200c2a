/** The little that both engines (PGlite in process, a PostgreSQL server) offer to the rest of the store. */
import type { SqlDriverAdapterFactory } from '@prisma/client/runtime/client';

export type Row = Record<string, unknown>;

/**
 * How every session speaks, whatever the machine's time zone and the server's settings say: Prisma's adapters read times without
 * looking at their offset and write them without one, and know one form of times, bytes and numbers.
 */
export const SESSION_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO,MDY',
  bytea_output: 'hex',
  extra_float_digits: '1',
};

/** Whether a statement failed because a row that it refers to does not exist, or not any more. */
export function isMissingReference(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23503';
}

export interface SqlSession {
  /** One statement with $1-style parameters. */
  query<T extends Row = Row>(sql: string, values?: readonly unknown[]): Promise<T[]>;
  /** One or more statements without parameters; the rows of the last one that has any. */
  script(sql: string): Promise<Row[]>;
}

export interface Listener {
  onMessage(channel: string, payload: string): void;
  /** It listens again after the connection was lost. */
  onReconnect(): void;
  /** Once for a connection that is lost, until it listens again. */
  onError(error: Error): void;
}

export interface Notifications {
  /** The name of this process on the server: its connections carry it as the setting palate.process. */
  readonly process: string;
  /** Hears what is notified from now on, until the returned function is called. */
  listen(channels: readonly string[], listener: Listener): Promise<() => Promise<void>>;
}

export interface SqlEngine extends SqlSession {
  /**
   * Runs `work` between BEGIN and COMMIT, ROLLBACK when it throws. PGlite has a single connection: inside `work` only the session
   * that is handed in may be awaited, anything else waits for the transaction to end.
   */
  transaction<T>(work: (session: SqlSession) => Promise<T>): Promise<T>;
  readonly adapter: SqlDriverAdapterFactory;
  /** Between the processes on a server; absent where there is one process only. */
  readonly notifications?: Notifications;
  /** Rejects where the database cannot be reached. */
  reach(): Promise<void>;
  /** Rejects where nothing could be kept now. For the time in which it has been refusing. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
