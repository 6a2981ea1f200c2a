/**
 * The open WebSocket connections: how many a key may have, and whether the keys they came with are still good. A connection outlives
 * the look at its key, so the look is repeated: at the token's end, when keys are revoked here, when the member is forgotten, and every
 * so often for what happened elsewhere.
 */
import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { afterAnswers } from '../../common/after-answers.js';
import type { Limits } from '../../common/config.js';
import { type ErrorCode, isStoreUnavailable, PalateError } from '../../common/errors.js';
import type { Log } from '../../common/log.js';
import { atMoment } from '../../common/wall-timer.js';
import { type Authenticate, requireViewer, type Viewer, viewerName } from '../auth.js';

/** One connection whose key was good when it came. */
export interface OpenConnection {
  socket: WebSocket;
  /** The Authorization value it came with. */
  authorization: unknown;
  viewer: Viewer;
  /** Operations that are open on it. */
  operations(): number;
}

export interface ConnectionParts {
  authenticate: Authenticate;
  /** Calls its listener when keys were rotated or revoked, or with a member who was forgotten, until the returned function is called. */
  onKeysChanged: (listener: (forgottenMember?: string) => void) => () => void;
  limits: Limits;
  log: Log;
}

/** Milliseconds after which somebody who was turned away may find room. */
const RETRY_MS = 1_000;

export class Connections {
  /** With what forgets the end of the key. */
  private readonly open = new Map<OpenConnection, () => void>();
  private readonly rounds: NodeJS.Timeout;
  private readonly forgetKeys: () => void;

  constructor(private readonly parts: ConnectionParts) {
    this.rounds = setInterval(() => void this.recheckAll(), parts.limits.recheckSeconds * 1_000);
    this.rounds.unref();
    // Whoever ended its own key over its own connection is to read that it did.
    this.forgetKeys = parts.onKeysChanged((memberId) => void afterAnswers().then(() => this.recheckAll(memberId)));
  }

  /** @throws PalateError LIMIT_EXCEEDED with retryAfterMs when the key has as many connections as it may */
  add(connection: OpenConnection): void {
    const { viewer } = connection;
    const { connectionsPerBot, connectionsPerMember } = this.parts.limits;
    const count = this.of(viewer).length;
    requireRoom(viewer, count, connectionsPerBot, connectionsPerMember, 'connections');
    const { expiresAt } = viewer;
    const forget = expiresAt ? atMoment(expiresAt, () => void this.recheck(connection)) : () => {};
    this.open.set(connection, forget);
  }

  remove(connection: OpenConnection): void {
    this.open.get(connection)?.();
    this.open.delete(connection);
  }

  /** @throws PalateError LIMIT_EXCEEDED with retryAfterMs when the key has as many operations open as it may, this one included */
  requireRoomForOperation({ viewer }: OpenConnection): void {
    const { operationsPerBot, operationsPerMember } = this.parts.limits;
    const others = this.of(viewer).reduce((sum, connection) => sum + connection.operations(), -1);
    requireRoom(viewer, others, operationsPerBot, operationsPerMember, 'open operations');
  }

  close(): void {
    clearInterval(this.rounds);
    this.forgetKeys();
    for (const forget of this.open.values()) forget();
  }

  private of(viewer: Viewer): OpenConnection[] {
    const name = viewerName(viewer);
    return [...this.open.keys()].filter((connection) => viewerName(connection.viewer) === name);
  }

  /** Of one member, where one is given. */
  private async recheckAll(memberId?: string): Promise<void> {
    const connections = [...this.open.keys()];
    for (const connection of connections) {
      if (memberId === undefined || connection.viewer.memberId === memberId) await this.recheck(connection);
    }
  }

  private async recheck(connection: OpenConnection): Promise<void> {
    const { authenticate, log } = this.parts;
    try {
      await requireViewer(authenticate, connection.authorization);
    } catch (error) {
      const { expiresAt } = connection.viewer;
      const ranOut = expiresAt != null && expiresAt.getTime() <= Date.now();
      const known = error instanceof PalateError && error.code === 'UNAUTHENTICATED';
      // A database that does not answer now says nothing about the key; that its time is over needs no database.
      if (!known && !isStoreUnavailable(error))
        log.warn({ err: error }, 'An open connection’s key could not be checked');
      if (!known && !ranOut) return;
      const message = known ? error.message : 'This key or token has run out. Ask for a new one.';
      // Clients of this protocol take 4401 as final; after 4403 they come again, with the token they then have.
      connection.socket.close(
        ranOut ? CloseCode.Forbidden : CloseCode.Unauthorized,
        closeReason(`${'UNAUTHENTICATED' satisfies ErrorCode}: ${message}`),
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
