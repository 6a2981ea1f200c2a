/** What the main thread and the thread of the embedded database tell each other. */
import type { MessagePort } from 'node:worker_threads';

export interface DatabaseSetup {
  folder: string;
  /** PostgreSQL, compiled. */
  engine: object | undefined;
  /** One number that grows while the thread is alive. */
  signs: SharedArrayBuffer;
}

export type ToDatabase =
  /** A connection: PostgreSQL's protocol goes over the port. */
  | { kind: 'connect'; port: MessagePort }
  /** Close the database and end. */
  | { kind: 'close' };

export type FromDatabase =
  | { kind: 'ready' }
  /** It cannot go on and ends: the error, and what PostgreSQL logged last. */
  | { kind: 'broken'; error: string; log: string[] };
