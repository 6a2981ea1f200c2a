/** The REST API, version 10: routing, authorisation, rate limits, faults, and the attachments' own addresses. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Faults } from './faults.js';
import { attachmentsOf } from './message-body.js';
import { type BucketRule, RateLimits } from './rate-limits.js';
import type { Route, RouteRequest } from './routes/route.js';
import { ApiError, type Wire } from './types.js';
import type { World } from './world.js';

const PREFIX = '/api/v10';
const MAJOR = ['channel', 'guild', 'token'];

/** A request that was answered, for tests to count. */
export interface Served {
  method: string;
  path: string;
  status: number;
  body: Wire;
}

export class DiscordRest {
  readonly faults = new Faults();
  readonly served: Served[] = [];
  private readonly limits: RateLimits;
  private readonly routes: { route: Route; pattern: RegExp }[];

  constructor(
    private readonly world: World,
    routes: readonly Route[],
    rules: Readonly<Record<string, BucketRule>> | null,
  ) {
    this.limits = new RateLimits(rules);
    // Fixed words win over parameters: /users/@me before /users/:user.
    const ordered = [...routes].sort((a, b) => a.path.split(':').length - b.path.split(':').length);
    this.routes = ordered.map((route) => ({
      route,
      pattern: new RegExp(`^${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
    }));
  }

  /** Requests that Discord would count against the 10,000 invalid ones in ten minutes. */
  get invalid(): Served[] {
    return this.served.filter(({ status }) => [401, 403, 429].includes(status));
  }

  async serve(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname.startsWith('/attachments/')) return this.serveAttachment(url.pathname, response);
    const method = request.method ?? 'GET';
    const path = url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : '';
    const { body, list, files } = await readBody(request);
    const answer = (status: number, json: unknown, headers: Record<string, string> = {}) => {
      this.served.push({ method, path, status, body });
      if (status === 204) return void response.writeHead(204, headers).end();
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    };
    const found = this.find(method, path);
    if (!found) return answer(404, { message: '404: Not Found', code: 0 });
    if (!found.route.open && request.headers.authorization !== `Bot ${this.world.application.token}`) {
      return answer(401, { message: '401: Unauthorized', code: 0 });
    }
    const major = MAJOR.map((name) => found.params[name] ?? '').join('/');
    const exempt = found.route.bucket === 'callback' || found.route.bucket === 'webhooks';
    const { admitted, global, headers, retryAfter } = this.limits.admit(found.route.bucket ?? 'other', major, exempt);
    if (!admitted) return answer(429, tooMany(retryAfter, global), { ...headers, 'Retry-After': String(retryAfter) });
    const fault = this.faults.meet(method, path);
    const fail = (status: number | 'cut') => {
      if (status === 'cut') return void request.socket.destroy();
      const seconds = fault?.retryAfter ?? 0.1;
      const json = status === 429 ? tooMany(seconds, false) : { message: `${status}: Error`, code: 0 };
      answer(status, json, status === 429 ? { 'Retry-After': String(seconds), 'X-RateLimit-Scope': 'shared' } : {});
    };
    if (fault?.when === 'before') return fail(fault.answer);
    const attachments = await attachmentsOf(files);
    const args = { world: this.world, params: found.params, query: url.searchParams, body, list, files: attachments };
    const result = this.run(found.route, args);
    if (fault) return fail(fault.answer);
    answer(result.status, result.json, headers);
  }

  private run(route: Route, request: RouteRequest): { status: number; json: unknown } {
    try {
      const json = route.handle(request);
      return json === undefined ? { status: 204, json } : { status: 200, json };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, code, message, errors } = error;
      return { status, json: { message, code, ...(errors && { errors }) } };
    }
  }

  private find(method: string, path: string): { route: Route; params: Record<string, string> } | undefined {
    for (const { route, pattern } of this.routes) {
      if (route.method !== method) continue;
      const groups = pattern.exec(path)?.groups ?? (pattern.test(path) ? {} : undefined);
      if (!groups) continue;
      const params = Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]);
      return { route, params: Object.fromEntries(params) };
    }
    return undefined;
  }

  private serveAttachment(path: string, response: ServerResponse) {
    const [, , channelId, id] = path.split('/');
    const file = [...this.world.messages.values()]
      .filter((message) => message.channelId === channelId)
      .flatMap(({ attachments }) => attachments)
      .find((attachment) => attachment.id === id);
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.contentType }).end(file.bytes);
  }
}

function tooMany(retryAfter: number, global: boolean): Wire {
  return { message: 'You are being rate limited.', retry_after: retryAfter, global };
}

/** JSON, or a form whose `payload_json` holds it beside files. */
async function readBody(request: IncomingMessage): Promise<{ body: Wire; list: Wire[]; files: File[] }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (bytes.length === 0) return { body: {}, list: [], files: [] };
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
    const files = [...form.values()].filter((value) => typeof value !== 'string');
    return { ...shape(String(form.get('payload_json') ?? '{}')), files };
  }
  return { ...shape(String(bytes)), files: [] };
}

function shape(text: string): { body: Wire; list: Wire[] } {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? { body: {}, list: value } : { body: value as Wire, list: [] };
}
