/** A Slack of one's own on a free local port: Web API, events, sockets, OAuth, people. README.md lists what it does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Delivery, type DeliveryOptions, SLACK_DELIVERY } from './delivery.js';
import { ephemerals } from './methods/chat.js';
import { Refusal } from './methods/method.js';
import { OAuth } from './oauth.js';
import { People } from './people.js';
import { DEFAULT_TIERS, RateLimits, type Tier } from './rate-limits.js';
import { respond } from './responses.js';
import { SocketMode } from './socket-mode.js';
import type { Message } from './types.js';
import { readBody, WebApi } from './web-api.js';
import { type AppSecrets, World } from './world.js';

export const SECRETS: AppSecrets = {
  appId: 'A0LOCAL',
  clientId: '1234.5678',
  clientSecret: 'a-client-secret-for-tests-only',
  signingSecret: 'a-signing-secret-for-tests-only',
  appToken: 'xapp-1-A0LOCAL-for-tests-only',
};

export interface SlackOptions {
  /** Limits by method, over the defaults; null for none. */
  tiers?: Readonly<Record<string, Tier>> | null;
  delivery?: Partial<DeliveryOptions>;
}

export interface Slack {
  readonly url: string;
  /** What the SDK takes as `slackApiUrl`. */
  readonly api: string;
  readonly secrets: AppSecrets;
  readonly world: World;
  readonly people: People;
  readonly delivery: Delivery;
  readonly sockets: SocketMode;
  readonly web: WebApi;
  readonly oauth: OAuth;
  /** Ephemeral messages that were posted by the Web API, oldest first. */
  readonly ephemerals: Message[];
  /** Waits until something is there, looking after every change; rejects after `timeoutMs`, saying what was awaited. */
  until<T>(what: string, look: () => T | undefined | null | false, timeoutMs?: number): Promise<T>;
  stop(): Promise<void>;
}

export async function startSlack(options: SlackOptions = {}): Promise<Slack> {
  const world = new World(SECRETS);
  const oauth = new OAuth(world);
  const limits = new RateLimits(options.tiers === null ? null : { ...DEFAULT_TIERS, ...options.tiers });
  const web = new WebApi(world, limits, {
    'apps.connections.open': (_, token) => {
      if (token !== SECRETS.appToken) throw new Refusal('invalid_auth');
      return { url: sockets.ticket() };
    },
    'oauth.v2.access': (body) => oauth.access(body),
  });
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end();
      server.emit('error', error);
    });
  });
  const sockets = new SocketMode(world, server);
  const delivery = new Delivery(world, sockets, { ...SLACK_DELIVERY, ...options.delivery });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path.startsWith('/response/')) {
      const { status, text } = respond(world, path.slice('/response/'.length), await readBody(request));
      response.writeHead(status).end(text);
    } else if (path.startsWith('/api/')) await web.serve(request, response);
    else response.writeHead(404).end();
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: world.url,
    api: `${world.url}/api/`,
    secrets: SECRETS,
    world,
    people: new People(world, delivery),
    delivery,
    sockets,
    web,
    oauth,
    ephemerals: ephemerals({ world }),
    until: (what, look, timeoutMs = 120_000) => until(world, what, look, timeoutMs),
    stop: async () => {
      delivery.stop();
      await sockets.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function until<T>(world: World, what: string, look: () => T | undefined | null | false, timeoutMs: number) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, 20);
      function done(): void {
        clearTimeout(timer);
        world.off('change', done);
        resolve();
      }
      world.on('change', done);
    });
  }
}
