/** Socket Mode: tickets, hello, envelopes and their acknowledgements, and the ways a connection ends. */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Wire } from './types.js';
import type { World } from './world.js';

const CONNECTIONS = 10;

export class SocketMode {
  /** Connections made so far. */
  connected = 0;
  /** Envelopes acknowledged, in order. */
  readonly acknowledged: string[] = [];
  /** What is done with an acknowledgement that comes in: kept from Slack, or not. */
  losesAcknowledgements = false;
  /** Whether connections are cut as soon as they are made. */
  away = false;
  /** Whether connections are greeted; without it a client waits for its hello. */
  greets = true;
  /** Where clients are told to connect; undefined: here. */
  address: string | undefined;
  private readonly sockets: WebSocketServer;
  private readonly open: WebSocket[] = [];
  private readonly tickets = new Set<string>();
  private readonly waiting = new Map<string, (answer: Wire) => void>();
  private turn = 0;

  constructor(
    private readonly world: World,
    server: Server,
  ) {
    this.sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '', 'http://local');
      const ticket = url.searchParams.get('ticket') ?? '';
      if (url.pathname !== '/link/' || !this.tickets.delete(ticket)) {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return;
      }
      this.sockets.handleUpgrade(request, socket, head, (connection) => this.accept(connection));
    });
  }

  /** A new address, good for one connection. */
  ticket(): string {
    const ticket = randomUUID();
    this.tickets.add(ticket);
    return (
      this.address ??
      `${this.world.url.replace('http', 'ws')}/link/?ticket=${ticket}&app_id=${this.world.secrets.appId}`
    );
  }

  get size(): number {
    return this.open.length;
  }

  /** Sends a text as it is on every connection. */
  say(text: string): void {
    for (const connection of this.open) connection.send(text);
  }

  /** Sends an envelope on one of the connections, and waits for its acknowledgement. */
  ask(envelope: Wire, ackMs: number): Promise<Wire | 'timeout' | 'no_connection'> {
    if (this.open.length === 0) return Promise.resolve('no_connection');
    const connection = this.open[this.turn++ % this.open.length];
    const id = randomUUID();
    return new Promise((resolve) => {
      const done = (answer: Wire | 'timeout') => {
        clearTimeout(timer);
        connection.off('close', lost);
        this.waiting.delete(id);
        resolve(answer);
      };
      const lost = () => done('timeout');
      const timer = setTimeout(lost, ackMs);
      connection.once('close', lost);
      this.waiting.set(id, done);
      connection.send(JSON.stringify({ envelope_id: id, ...envelope }));
    });
  }

  /** Asks every client to connect anew: Slack does it every few hours, with a warning before. */
  refresh(reason: 'warning' | 'refresh_requested' | 'link_disabled' = 'refresh_requested'): void {
    for (const connection of this.open) {
      connection.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'local' } }));
    }
  }

  /** The connections vanish without a word. */
  cut(): void {
    for (const connection of [...this.open]) connection.terminate();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.sockets.close(() => resolve()));
  }

  private accept(connection: WebSocket): void {
    if (this.open.length >= CONNECTIONS) {
      connection.close(1008, 'too_many_websockets');
      return;
    }
    if (this.away) {
      connection.terminate();
      return;
    }
    connection.setMaxListeners(0);
    this.open.push(connection);
    this.connected++;
    connection.on('message', (data) => this.take(String(data)));
    connection.on('error', () => {});
    connection.on('close', () => {
      this.open.splice(this.open.indexOf(connection), 1);
      this.world.changed();
    });
    if (!this.greets) return;
    const hello = {
      type: 'hello',
      num_connections: this.open.length,
      connection_info: { app_id: this.world.secrets.appId },
    };
    connection.send(JSON.stringify(hello));
    this.world.changed();
  }

  private take(text: string): void {
    const { envelope_id: id, payload } = JSON.parse(text) as Wire;
    if (this.losesAcknowledgements) return;
    this.acknowledged.push(id);
    this.waiting.get(id)?.(payload ?? {});
  }
}
