/** The Web API: tokens, scopes, limits, faults, and the methods behind them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { Faults } from '../discord/faults.js';
import { APP } from './methods/app.js';
import { CHAT } from './methods/chat.js';
import { CONVERSATIONS } from './methods/conversations.js';
import { type Method, Refusal } from './methods/method.js';
import type { RateLimits } from './rate-limits.js';
import type { Install, Wire } from './types.js';
import type { World } from './world.js';

const METHODS: Readonly<Record<string, Method>> = { ...APP, ...CHAT, ...CONVERSATIONS };

export interface Served {
  method: string;
  status: number;
  error?: string;
  /** When, in milliseconds since the process began. */
  at: number;
}

/** The body of a request, whichever way it was written. Parameters that hold JSON are read. */
export async function readBody(request: IncomingMessage): Promise<Wire> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString();
  if (text === '') return {};
  if (request.headers['content-type']?.startsWith('application/json')) return JSON.parse(text) as Wire;
  const form = parse(text);
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => {
      const single = String(value);
      return [name, /^[[{]/.test(single) && STRUCTURED.has(name) ? JSON.parse(single) : single];
    }),
  );
}

const STRUCTURED = new Set(['blocks', 'metadata', 'view', 'prompts', 'chunks', 'attachments']);

export class WebApi {
  readonly faults = new Faults();
  readonly served: Served[] = [];
  /** Milliseconds each answer takes. */
  delayMs = 0;

  constructor(
    private readonly world: World,
    private readonly limits: RateLimits,
    /** Methods that need no installation: they are handed the body and the token. */
    private readonly special: Readonly<Record<string, (body: Wire, token: string) => Wire>>,
  ) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = (request.url ?? '').replace(/^\/api\//, '').replace(/\?.*$/, '');
    const body = await readBody(request);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const fault = this.faults.meet('POST', method);
    if (fault?.when === 'after') this.answer(method, body, request);
    if (fault?.answer === 'cut') {
      this.served.push({ method, status: 0, at: performance.now() });
      request.socket.destroy();
      return;
    }
    const { status, json, headers } = fault
      ? faulty(fault.answer as number, fault.retryAfter)
      : this.answer(method, body, request);
    this.served.push({ method, status, error: json?.error, at: performance.now() });
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(json === undefined ? 'upstream trouble' : JSON.stringify(json));
  }

  private answer(
    method: string,
    body: Wire,
    request: IncomingMessage,
  ): { status: number; json: Wire; headers?: Record<string, string> } {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? String(body.token ?? '');
    const failed = (error: string, more: Wire = {}) => ({ status: 200, json: { ok: false, error, ...more } });
    const special = this.special[method];
    const install = this.world.installs.find((one) => one.token === token);
    const wait = this.limits.take(method, install?.token ?? token, body.channel, Date.now());
    if (wait !== null) {
      const headers = { 'retry-after': String(wait) };
      return { status: 429, json: { ok: false, error: 'ratelimited' }, headers };
    }
    try {
      if (special) return { status: 200, json: { ok: true, ...special(body, token) } };
      const known = METHODS[method];
      if (!known) return failed('unknown_method', { req_method: method });
      if (token === '') return failed('not_authed');
      if (!install) return failed('invalid_auth');
      return {
        status: 200,
        json: this.run(known, install, body),
        headers: { 'x-oauth-scopes': install.scopes.join(',') },
      };
    } catch (error) {
      if (error instanceof Refusal) return failed(error.error, error.more);
      throw error;
    }
  }

  private run(method: Method, install: Install, args: Wire): Wire {
    if (method.scopes && !method.scopes.some((scope) => install.scopes.includes(scope))) {
      throw new Refusal('missing_scope', { needed: method.scopes[0], provided: install.scopes.join(',') });
    }
    for (const name of method.needs ?? []) {
      if (args[name] === undefined || args[name] === '') {
        const messages = [`[ERROR] missing required field: ${name}`];
        throw new Refusal('invalid_arguments', { response_metadata: { messages } });
      }
    }
    return { ok: true, ...method.run({ world: this.world, install, args }) };
  }
}

function faulty(status: number, retryAfter = 1): { status: number; json?: Wire; headers?: Record<string, string> } {
  if (status !== 429) return { status };
  return { status, json: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': String(retryAfter) } };
}
