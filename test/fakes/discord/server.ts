/** A Discord of one's own on a free local port: gateway, REST, people. README.md lists what it does. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DiscordGateway, type GatewayOptions } from './gateway.js';
import { People } from './people.js';
import { type BucketRule, DEFAULT_RULES } from './rate-limits.js';
import { DiscordRest } from './rest.js';
import { COMMAND_ROUTES } from './routes/commands.js';
import { INTERACTION_ROUTES } from './routes/interactions.js';
import { MESSAGE_ROUTES } from './routes/messages.js';
import { placeRoutes } from './routes/places.js';
import { World } from './world.js';

export const TOKEN = 'bG9jYWw.bG9jYWw.a-token-for-tests-only';

export interface DiscordOptions {
  gateway?: Partial<GatewayOptions>;
  /** Buckets by name; null for no limits. Those not named keep their defaults. */
  rateLimits?: Readonly<Record<string, BucketRule>> | null;
  /** Shards that GET /gateway/bot recommends. */
  shards?: number;
}

export interface Discord {
  readonly url: string;
  /** What discord.js takes as `rest.api`. */
  readonly api: string;
  readonly token: string;
  readonly world: World;
  readonly people: People;
  readonly gateway: DiscordGateway;
  readonly rest: DiscordRest;
  /** Waits until something is there, looking after every change; rejects after `timeoutMs`, saying what was awaited. */
  until<T>(what: string, look: () => T | undefined | null | false, timeoutMs?: number): Promise<T>;
  stop(): Promise<void>;
}

const GATEWAY: GatewayOptions = {
  heartbeatMs: 41_250,
  resumeMs: 60_000,
  replay: 10_000,
  maxConcurrency: 1,
  identifyMs: 5_000,
};

const WAIT_MS = 20;

export async function startDiscord(options: DiscordOptions = {}): Promise<Discord> {
  const world = new World(TOKEN);
  const gatewayOptions = { ...GATEWAY, ...options.gateway };
  const places = placeRoutes(() => ({ count: options.shards ?? 1, maxConcurrency: gatewayOptions.maxConcurrency }));
  const routes = [...places, ...MESSAGE_ROUTES, ...COMMAND_ROUTES, ...INTERACTION_ROUTES];
  const rules = options.rateLimits === null ? null : { ...DEFAULT_RULES, ...options.rateLimits };
  const rest = new DiscordRest(world, routes, rules);
  const server = createServer((request, response) => {
    rest.serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end();
      server.emit('error', error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = new DiscordGateway(world, server, gatewayOptions);
  return {
    url: world.url,
    api: `${world.url}/api`,
    token: TOKEN,
    world,
    people: new People(world),
    gateway,
    rest,
    until: (what, look, timeoutMs = 120_000) => until(world, what, look, timeoutMs),
    stop: async () => {
      await gateway.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Time is counted in waits, not by the clock: a machine that stands still for a while does not use it up. */
async function until<T>(world: World, what: string, look: () => T | undefined | null | false, timeoutMs: number) {
  for (let waited = 0; ; ) {
    const found = look();
    if (found) return found;
    if (waited > timeoutMs) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        waited += WAIT_MS;
        done();
      }, WAIT_MS);
      function done(): void {
        clearTimeout(timer);
        world.off('change', done);
        resolve();
      }
      world.on('change', done);
    });
  }
}
