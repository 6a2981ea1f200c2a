/** A real gateway on a free port for one test, and raw ways to talk to it. */
import { pino } from 'pino';
import WebSocket from 'ws';
import { DEFAULT_LIMITS, type Limits } from '../../src/common/config.js';
import { type Authenticate, authenticateAdmin } from '../../src/gateway/auth.js';
import { createGateway, type Gateway } from '../../src/gateway/gateway.js';
import { EchoServices } from './echo-services.js';

/** A page of another place that may use the gateway of the tests. */
export const ALLOWED_ORIGIN = 'https://console.example';
export const KEY = 'a-key-for-tests-only-0123456789';

export interface Harness {
  gateway: Gateway;
  services: EchoServices;
  url: string;
  /** Lines of the gateway's log, parsed. */
  log: Record<string, unknown>[];
  stop(): Promise<void>;
}

export async function startHarness(
  limits: Partial<Limits> = {},
  settings: { publicUrl?: string } = {},
  authenticate: Authenticate = authenticateAdmin(KEY),
): Promise<Harness> {
  const services = new EchoServices();
  const log: Record<string, unknown>[] = [];
  const gateway = createGateway({
    settings: {
      host: '127.0.0.1',
      port: 0,
      limits: { ...DEFAULT_LIMITS, ...limits },
      allowedOrigins: [ALLOWED_ORIGIN],
      ...settings,
    },
    services,
    authenticate,
    log: pino({ level: 'warn' }, { write: (line: string) => void log.push(JSON.parse(line)) }),
  });
  await gateway.start();
  return { gateway, services, log, url: `http://127.0.0.1:${gateway.port}`, stop: () => gateway.stop() };
}

export interface Answer {
  status: number;
  headers: Headers;
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
}

/** POSTs an operation with the key; `headers` and `body` override what is sent. */
export async function post(
  harness: Harness,
  query: string,
  variables?: Record<string, unknown>,
  init: { headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const response = await fetch(`${harness.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, ...init.headers },
    body: init.body ?? JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, ...((await response.json()) as object) };
}

/** The codes of an answer's errors. */
export function codes(answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }): unknown[] {
  return (answer.errors ?? []).map((error) => error.extensions?.code);
}

interface ProtocolMessage {
  type: string;
  id?: string;
  payload?: unknown;
}

/** A WebSocket that speaks graphql-transport-ws by hand, to see exactly what the gateway says. */
export class RawSocket {
  readonly messages: ProtocolMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly socket: WebSocket;
  private wake = () => {};

  constructor(url: string, path = '/graphql', protocol = 'graphql-transport-ws') {
    this.socket = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, protocol);
    this.socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.wake();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.wake();
      });
    });
  }

  static async connect(
    harness: Harness,
    params: Record<string, unknown> = { authorization: `Bearer ${KEY}` },
  ): Promise<RawSocket> {
    const raw = new RawSocket(harness.url);
    await new Promise<void>((resolve) => raw.socket.once('open', () => resolve()));
    raw.send({ type: 'connection_init', payload: params });
    await raw.until((message) => message.type === 'connection_ack');
    return raw;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables?: Record<string, unknown>): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** The first message, past or to come, that fits; undefined once the socket is closed without one. */
  async until(fits: (message: ProtocolMessage) => boolean): Promise<ProtocolMessage | undefined> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found || this.socket.readyState === WebSocket.CLOSED) return found;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/** Waits until something holds; fails the test's time limit otherwise. */
export async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
