/** The gateway: WebSocket sessions that identify, beat, resume, and are told what happens (version 10, JSON). */
import type { IncomingMessage, Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { shardOf, snowflake } from './snowflake.js';
import { type Dispatch, INTENTS, type Wire } from './types.js';
import { guildWire, userWire } from './wire.js';
import type { World } from './world.js';

const OP = {
  dispatch: 0,
  heartbeat: 1,
  identify: 2,
  presence: 3,
  resume: 6,
  reconnect: 7,
  members: 8,
  invalid: 9,
  hello: 10,
  ack: 11,
} as const;

export const CLOSE = {
  unknownError: 4000,
  unknownOpcode: 4001,
  decodeError: 4002,
  notAuthenticated: 4003,
  authenticationFailed: 4004,
  alreadyAuthenticated: 4005,
  invalidSequence: 4007,
  rateLimited: 4008,
  timedOut: 4009,
  invalidShard: 4010,
  shardingRequired: 4011,
  invalidVersion: 4012,
  invalidIntents: 4013,
  disallowedIntents: 4014,
} as const;

const KNOWN_INTENTS = 0b11_1111_1111_1111_1111_1111_1111;
const PAYLOAD_BYTES = 4_096;
const SENDS_A_MINUTE = 120;
const GUILDS_A_SHARD = 2_500;

export interface GatewayOptions {
  heartbeatMs: number;
  /** How long a session can be resumed after its connection went away. */
  resumeMs: number;
  /** Events kept for it meanwhile. */
  replay: number;
  /** How many shards may identify in one window of `identifyMs`. */
  maxConcurrency: number;
  identifyMs: number;
}

interface Session {
  id: string;
  intents: number;
  shard: [number, number];
  sequence: number;
  sent: { sequence: number; text: string }[];
  connection: Connection | null;
  expiry?: NodeJS.Timeout;
}

interface Connection {
  socket: WebSocket;
  session: Session | null;
  lastBeat: number;
  sends: number[];
}

/** What a test can make the gateway do to an event: deliver it, twice, behind the next one, or not at all. */
export type Interference = (name: string, data: Wire) => 'once' | 'twice' | 'late' | 'never';

export class DiscordGateway {
  readonly sessions = new Map<string, Session>();
  /** Every frame the clients sent, for tests. */
  readonly received: { op: number; d: unknown }[] = [];
  interfere: Interference | undefined;
  /** Whether heartbeats are answered; without it a client must find its connection dead. */
  acknowledges = true;
  /** Whether connections are cut as soon as they are made. */
  away = false;
  /** Whether connections are greeted; without it a client waits for its HELLO. */
  greets = true;
  private readonly connections = new Set<Connection>();
  private readonly sockets: WebSocketServer;
  private readonly beats: NodeJS.Timeout;
  private identifies: { bucket: number; at: number }[] = [];
  private late = new Map<string, Wire[]>();

  constructor(
    private readonly world: World,
    server: Server,
    private readonly options: GatewayOptions,
  ) {
    this.sockets = new WebSocketServer({ server, path: '/gateway' });
    this.sockets.on('connection', (socket, request) => this.accept(socket, request));
    world.on('dispatch', (event) => this.dispatch(event));
    this.beats = setInterval(() => this.checkBeats(), options.heartbeatMs);
  }

  /** Connections that are open, whether they identified or not. */
  get open(): number {
    return this.sockets.clients.size;
  }

  /** Connections that are identified. */
  get connected(): number {
    return [...this.connections].filter(({ session }) => session).length;
  }

  // ----------------------------------------------------------------------------------------------------- what tests do

  /** The network fails: sockets are gone without a word. */
  cut(): void {
    for (const { socket } of this.connections) socket.terminate();
  }

  closeAll(code: number): void {
    for (const { socket } of this.connections) socket.close(code);
  }

  askToReconnect(): void {
    for (const connection of this.connections) this.send(connection, { op: OP.reconnect, d: null });
  }

  invalidate(resumable: boolean): void {
    for (const connection of this.connections) this.sayInvalid(connection, resumable);
  }

  askForBeat(): void {
    for (const connection of this.connections) this.send(connection, { op: OP.heartbeat, d: null });
  }

  async stop(): Promise<void> {
    clearInterval(this.beats);
    for (const { expiry } of this.sessions.values()) clearTimeout(expiry);
    this.cut();
    await new Promise<void>((resolve) => this.sockets.close(() => resolve()));
  }

  // -------------------------------------------------------------------------------------------------------- connections

  private accept(socket: WebSocket, request: IncomingMessage) {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    if (this.away) return socket.terminate();
    const connection: Connection = { socket, session: null, lastBeat: Date.now(), sends: [] };
    if (query.get('v') !== '10') return socket.close(CLOSE.invalidVersion);
    if ((query.get('encoding') ?? 'json') !== 'json' || query.has('compress')) return socket.close(CLOSE.decodeError);
    this.connections.add(connection);
    socket.on('message', (data) => this.receive(connection, Buffer.from(data as Buffer)));
    socket.on('error', () => {});
    socket.on('close', (code) => this.closed(connection, code));
    if (!this.greets) return;
    this.send(connection, { op: OP.hello, d: { heartbeat_interval: this.options.heartbeatMs, _trace: ['local'] } });
  }

  /** A session outlives its connection, unless the client said goodbye with 1000 or 1001. */
  private closed(connection: Connection, code: number): void {
    this.connections.delete(connection);
    const { session } = connection;
    if (session?.connection !== connection) return;
    if (code === 1000 || code === 1001) this.forget(session);
    else this.detach(session);
  }

  private detach(session: Session): void {
    session.connection = null;
    session.expiry = setTimeout(() => this.forget(session), this.options.resumeMs).unref();
  }

  private forget(session: Session): void {
    clearTimeout(session.expiry);
    this.sessions.delete(session.id);
    this.late.delete(session.id);
  }

  private receive(connection: Connection, data: Buffer) {
    const now = Date.now();
    connection.sends = [...connection.sends.filter((at) => now - at < 60_000), now];
    if (connection.sends.length > SENDS_A_MINUTE) return connection.socket.close(CLOSE.rateLimited);
    if (data.length > PAYLOAD_BYTES) return connection.socket.close(CLOSE.decodeError);
    let frame: { op: number; d: unknown };
    try {
      frame = JSON.parse(String(data));
    } catch {
      return connection.socket.close(CLOSE.decodeError);
    }
    this.received.push(frame);
    this.handle(connection, frame.op, (frame.d ?? {}) as Wire);
  }

  private handle(connection: Connection, op: number, d: Wire) {
    if (op === OP.heartbeat) {
      connection.lastBeat = Date.now();
      if (this.acknowledges) this.send(connection, { op: OP.ack });
      return;
    }
    if (op === OP.identify) return this.identify(connection, d);
    if (op === OP.resume) return this.resume(connection, d);
    if (!Object.values(OP).includes(op as never)) return connection.socket.close(CLOSE.unknownOpcode);
    if (!connection.session) return connection.socket.close(CLOSE.notAuthenticated);
    if (op === OP.members) this.sendMembers(connection.session, d);
  }

  private checkBeats(): void {
    const oldest = Date.now() - 2 * this.options.heartbeatMs;
    for (const { socket, lastBeat } of this.connections) if (lastBeat < oldest) socket.close(CLOSE.timedOut);
  }

  // ------------------------------------------------------------------------------------------------------------ sessions

  private identify(connection: Connection, d: Wire) {
    const close = (code: number) => connection.socket.close(code);
    if (connection.session) return close(CLOSE.alreadyAuthenticated);
    if (d.token !== this.world.application.token) return close(CLOSE.authenticationFailed);
    const intents = Number(d.intents);
    if (!Number.isInteger(intents) || intents & ~KNOWN_INTENTS) return close(CLOSE.invalidIntents);
    const { privileged } = this.world.application;
    const disallowed =
      (privileged.members ? 0 : INTENTS.members) |
      (privileged.presences ? 0 : INTENTS.presences) |
      (privileged.messageContent ? 0 : INTENTS.messageContent);
    if (intents & disallowed) return close(CLOSE.disallowedIntents);
    const [id, count] = (d.shard ?? [0, 1]) as [number, number];
    if (!(id >= 0 && id < count)) return close(CLOSE.invalidShard);
    const guilds = [...this.world.guilds.values()].filter((guild) => shardOf(guild.id, count) === id);
    if (guilds.length > GUILDS_A_SHARD) return close(CLOSE.shardingRequired);
    if (!this.mayIdentify(id)) return this.sayInvalid(connection, false);
    const session: Session = { id: snowflake(), intents, shard: [id, count], sequence: 0, sent: [], connection };
    this.sessions.set(session.id, session);
    connection.session = session;
    const member = guilds.filter((guild) => guild.members.has(this.world.application.userId));
    this.emitTo(session, 'READY', {
      v: 10,
      user: userWire(this.world.user(this.world.application.userId)),
      guilds: member.map((guild) => ({ id: guild.id, unavailable: true })),
      session_id: session.id,
      session_type: 'normal',
      resume_gateway_url: `${this.world.url.replace(/^http/, 'ws')}/gateway`,
      shard: session.shard,
      application: { id: this.world.application.id, flags: privileged.messageContent ? 1 << 18 : 0 },
      private_channels: [],
    });
    if (intents & INTENTS.guilds) {
      for (const guild of member) this.emitTo(session, 'GUILD_CREATE', guildWire(this.world, guild));
    }
  }

  /** One shard of each residue class in a window. */
  private mayIdentify(shard: number): boolean {
    const bucket = shard % this.options.maxConcurrency;
    const now = Date.now();
    this.identifies = this.identifies.filter(({ at }) => now - at < this.options.identifyMs);
    if (this.identifies.some((identified) => identified.bucket === bucket)) return false;
    this.identifies.push({ bucket, at: now });
    return true;
  }

  private resume(connection: Connection, d: Wire) {
    if (connection.session) return connection.socket.close(CLOSE.alreadyAuthenticated);
    if (d.token !== this.world.application.token) return connection.socket.close(CLOSE.authenticationFailed);
    const session = this.sessions.get(String(d.session_id));
    const after = Number(d.seq);
    if (!session || (session.sent[0]?.sequence ?? 1) > after + 1) return this.sayInvalid(connection, false);
    if (after > session.sequence) return connection.socket.close(CLOSE.invalidSequence);
    clearTimeout(session.expiry);
    session.connection?.socket.close(CLOSE.unknownError);
    session.connection = connection;
    connection.session = session;
    for (const { sequence, text } of session.sent) if (sequence > after) connection.socket.send(text);
    this.emitTo(session, 'RESUMED', {});
  }

  /** The connection stays open: the client identifies or, where that is possible, resumes on it or on another. */
  private sayInvalid(connection: Connection, resumable: boolean): void {
    const { session } = connection;
    connection.session = null;
    if (session && resumable) this.detach(session);
    else if (session) this.forget(session);
    this.send(connection, { op: OP.invalid, d: resumable });
  }

  private sendMembers(session: Session, d: Wire): void {
    const guild = this.world.guilds.get(String(d.guild_id));
    if (!guild) return;
    const wanted = d.user_ids ? [d.user_ids].flat().map(String) : [...guild.members.keys()];
    const found = wanted.filter((id) => guild.members.has(id));
    this.emitTo(session, 'GUILD_MEMBERS_CHUNK', {
      guild_id: guild.id,
      members: found.map((id) => ({ user: userWire(this.world.user(id)), roles: [], joined_at: null, flags: 0 })),
      not_found: wanted.filter((id) => !guild.members.has(id)),
      chunk_index: 0,
      chunk_count: 1,
      nonce: d.nonce,
    });
  }

  // -------------------------------------------------------------------------------------------------------------- events

  private dispatch(event: Dispatch): void {
    for (const session of this.sessions.values()) {
      if (shardOf(event.guildId, session.shard[1]) !== session.shard[0]) continue;
      if (event.intents !== 0 && !(event.intents & session.intents)) continue;
      if (!this.sees(event)) continue;
      this.deliver(session, event.name, event.data(session.intents));
    }
  }

  private sees({ guildId, channelId, name }: Dispatch): boolean {
    const bot = this.world.application.userId;
    if (guildId !== undefined && !this.world.guild(guildId).members.has(bot)) return false;
    if (channelId === undefined || name === 'INTERACTION_CREATE') return true;
    const channel = this.world.channels.get(channelId);
    return channel === undefined || this.world.can(channel, bot, 'VIEW_CHANNEL');
  }

  private deliver(session: Session, name: string, data: Wire): void {
    const how = this.interfere?.(name, data) ?? 'once';
    if (how === 'never') return;
    const waiting = this.late.get(session.id) ?? [];
    if (how === 'late') {
      this.late.set(session.id, [...waiting, { name, data }]);
      return;
    }
    this.emitTo(session, name, data);
    if (how === 'twice') this.emitTo(session, name, data);
    this.late.delete(session.id);
    for (const { name: lateName, data: lateData } of waiting) this.emitTo(session, String(lateName), lateData as Wire);
  }

  private emitTo(session: Session, name: string, d: Wire): void {
    session.sequence++;
    const text = JSON.stringify({ op: OP.dispatch, t: name, s: session.sequence, d });
    session.sent.push({ sequence: session.sequence, text });
    if (session.sent.length > this.options.replay) session.sent.shift();
    const socket = session.connection?.socket;
    if (socket?.readyState === socket?.OPEN) socket?.send(text);
  }

  private send({ socket }: Connection, payload: { op: number; d?: unknown }): void {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ t: null, s: null, d: null, ...payload }));
  }
}
