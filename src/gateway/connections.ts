/**
 * The open WebSocket connections: how many a key may have, and whether the keys they came with are still good. A connection outlives
 * the look at its key, so the look is repeated: at the token's end, when keys are revoked here, and every so often for what happened
 * elsewhere.
 */
import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import type { Limits } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import { type Authenticate, nameOf, requireViewer, type Viewer } from './auth.js';

/** One connection whose key was good when it came. */
export interface Connection {
  socket: WebSocket;
  /** The Authorization value it came with. */
  authorization: unknown;
  viewer: Viewer;
  /** Operations that are open on it. */
  operations(): number;
}

export interface ConnectionParts {
  authenticate: Authenticate;
  /** Calls its listener when keys were rotated or revoked, until the returned function is called. */
  onKeysChanged: (listener: () => void) => () => void;
  limits: Limits;
  log: Log;
}

/** The longest time that a timer of Node counts, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Milliseconds after which somebody who was turned away may find room. */
const RETRY_MS = 1_000;

export class Connections {
  private readonly open = new Map<Connection, NodeJS.Timeout | undefined>();
  private readonly rounds: NodeJS.Timeout;
  private readonly forgetKeys: () => void;

  constructor(private readonly parts: ConnectionParts) {
    const look = () => void this.recheckAll();
    this.rounds = setInterval(look, parts.limits.recheckSeconds * 1_000);
    this.rounds.unref();
    this.forgetKeys = parts.onKeysChanged(look);
  }

  /** @throws PalateError LIMIT_EXCEEDED with retryAfterMs when the key has as many connections as it may */
  add(connection: Connection): void {
    const { viewer } = connection;
    const { connectionsPerBot, connectionsPerMember } = this.parts.limits;
    const count = this.of(viewer).length;
    requireRoom(viewer, count, connectionsPerBot, connectionsPerMember, 'connections');
    this.open.set(connection, this.endTimer(connection));
  }

  remove(connection: Connection): void {
    clearTimeout(this.open.get(connection));
    this.open.delete(connection);
  }

  /** @throws PalateError LIMIT_EXCEEDED with retryAfterMs when the key has as many operations open as it may, this one included */
  requireRoomForOperation({ viewer }: Connection): void {
    const { operationsPerBot, operationsPerMember } = this.parts.limits;
    const others = this.of(viewer).reduce((sum, connection) => sum + connection.operations(), -1);
    requireRoom(viewer, others, operationsPerBot, operationsPerMember, 'open operations');
  }

  close(): void {
    clearInterval(this.rounds);
    this.forgetKeys();
    for (const timer of this.open.values()) clearTimeout(timer);
  }

  private of(viewer: Viewer): Connection[] {
    const name = nameOf(viewer);
    return [...this.open.keys()].filter((connection) => nameOf(connection.viewer) === name);
  }

  private endTimer(connection: Connection): NodeJS.Timeout | undefined {
    const { expiresAt } = connection.viewer;
    if (!expiresAt) return undefined;
    const wait = Math.min(Math.max(expiresAt.getTime() - Date.now(), 0), LONGEST_TIMER_MS);
    const timer = setTimeout(() => void this.recheck(connection), wait);
    timer.unref();
    return timer;
  }

  private async recheckAll(): Promise<void> {
    for (const connection of [...this.open.keys()]) await this.recheck(connection);
  }

  private async recheck(connection: Connection): Promise<void> {
    const { authenticate, log } = this.parts;
    try {
      await requireViewer(authenticate, connection.authorization);
    } catch (error) {
      // A database that does not answer now says nothing about the key.
      if (!(error instanceof PalateError) || error.code !== 'UNAUTHENTICATED') {
        log.warn({ err: error }, 'An open connection’s key could not be checked');
        return;
      }
      const { expiresAt } = connection.viewer;
      const ranOut = expiresAt != null && expiresAt.getTime() <= Date.now();
      // Clients of this protocol take 4401 as final; after 4403 they come again, with the token they then have.
      connection.socket.close(
        ranOut ? CloseCode.Forbidden : CloseCode.Unauthorized,
        closeReason(`${error.code}: ${error.message}`),
      );
    }
  }
}

/** WebSocket close reasons hold at most 123 bytes of UTF-8. */
export function closeReason(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= 123
    ? text
    : `${bytes
        .subarray(0, 117)
        .toString()
        .replace(/\uFFFD+$/, '')}...`;
}

function requireRoom({ scope }: Viewer, count: number, ofBot: number, ofMember: number, what: string): void {
  if (scope === 'ADMIN') return;
  const maximum = scope === 'BOT' ? ofBot : ofMember;
  if (count < maximum) return;
  const message = `This key has ${count} ${what}; at most ${maximum} are allowed. End one first.`;
  throw new PalateError('LIMIT_EXCEEDED', message, { retryAfterMs: RETRY_MS });
}
