/**
 * The one place that tells an absent database, or one that takes no writes, from every other failure: from the embedded engine, a
 * server, the way there, or Prisma over either. What callers are told names neither files nor addresses; the cause keeps them for the log.
 */
import { PalateError } from '../common/errors.js';

const RETRY_MS = 2_000;
/** Room is made by people. */
const FULL_RETRY_MS = 10_000;

const AWAY = 'The database is away. Try again in a moment.';
const FULL =
  'The disk of the database is full, so nothing can be kept. It goes on by itself when there is room. Try again later.';
const FAILING = 'The disk of the database fails, so nothing can be kept. Try again later.';
const READ_ONLY = 'The database takes no writes now. Try again in a moment.';
const BUSY = 'The database has too much to do. Try again in a moment.';

/** By SQLSTATE, or by its first two characters. */
const STATES: Readonly<Record<string, string>> = {
  '08': AWAY,
  '25006': READ_ONLY,
  '53': BUSY,
  '53100': FULL,
  '57P01': AWAY,
  '57P02': AWAY,
  '57P03': AWAY,
  '57P05': AWAY,
  '58030': FAILING,
  // The database itself is gone, or nobody may use it just now: as little is kept as where the server is down.
  '3D000': AWAY,
  '28': AWAY,
};

/** By the name that the system, the PostgreSQL client or Prisma's adapter gives it. */
const NAMES: Readonly<Record<string, string>> = {
  ECONNREFUSED: AWAY,
  ECONNRESET: AWAY,
  ECONNABORTED: AWAY,
  ENOTFOUND: AWAY,
  EAI_AGAIN: AWAY,
  EHOSTUNREACH: AWAY,
  EHOSTDOWN: AWAY,
  ENETUNREACH: AWAY,
  ENETDOWN: AWAY,
  ETIMEDOUT: AWAY,
  EPIPE: AWAY,
  ENOENT: AWAY,
  EMFILE: BUSY,
  ENFILE: BUSY,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: FAILING,
  EROFS: READ_ONLY,
  DatabaseNotReachable: AWAY,
  ConnectionClosed: AWAY,
  SocketTimeout: AWAY,
  TlsConnectionError: AWAY,
  AuthenticationFailed: AWAY,
  DatabaseAccessDenied: AWAY,
  DatabaseDoesNotExist: AWAY,
  TooManyConnections: BUSY,
};

/** The PostgreSQL client gives these no code. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^Connection terminated/, AWAY],
  [/^Client has encountered a connection error/, AWAY],
  [/^Client was closed/, AWAY],
  [/timeout exceeded when trying to connect|^timeout expired$/, AWAY],
  [/^Query read timeout/, AWAY],
];

/** The error of a data folder without room for the next piece of the log. */
export function diskFull(): PalateError {
  return new PalateError('STORE_UNAVAILABLE', FULL, { retryAfterMs: FULL_RETRY_MS });
}

/** The error as callers should get it: STORE_UNAVAILABLE where the database is away or takes no writes, else as it was. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof PalateError) return error;
  const message = [...layers(error)].map(reasonOf).find((reason) => reason !== undefined);
  if (message === undefined) return error;
  return new PalateError('STORE_UNAVAILABLE', message, {
    retryAfterMs: message === FULL ? FULL_RETRY_MS : RETRY_MS,
    cause: error,
  });
}

/** Where nothing answers that could say so itself. */
export function databaseAway(): PalateError {
  return new PalateError('STORE_UNAVAILABLE', AWAY, { retryAfterMs: RETRY_MS });
}

/** The error and what it was made of: Prisma keeps the driver's error in `meta` and that one the server's in `cause`. */
function* layers(error: unknown): Generator<Record<string, unknown>> {
  const seen = new Set<unknown>();
  const next = [error];
  while (next.length > 0) {
    const layer = next.shift();
    if (typeof layer !== 'object' || layer === null || seen.has(layer)) continue;
    seen.add(layer);
    const { cause, meta, driverAdapterError, errors } = layer as Record<string, unknown>;
    next.push(cause, meta, driverAdapterError, ...(Array.isArray(errors) ? errors : []));
    yield layer as Record<string, unknown>;
  }
}

function reasonOf(layer: Record<string, unknown>): string | undefined {
  for (const name of [layer.originalCode, layer.code, layer.kind]) {
    if (typeof name !== 'string') continue;
    const reason = NAMES[name] ?? STATES[name] ?? (name.length === 5 ? STATES[name.slice(0, 2)] : undefined);
    if (reason) return reason;
  }
  return MESSAGES.find(([pattern]) => pattern.test(String(layer.message ?? '')))?.[1];
}
