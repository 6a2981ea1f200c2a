/** The gateway: one port for GraphQL over HTTP and WebSocket, and for health. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FormattedExecutionResult } from 'graphql';
import { localUrl, type Settings } from '../common/config.js';
import type { Lifecycle } from '../common/lifecycle.js';
import type { Log } from '../common/log.js';
import type { Services } from '../services/services.js';
import type { Authenticate, Viewer } from './auth.js';
import { contextMaker } from './context.js';
import { createEngine, type GraphQLRequest, type ResultIterator } from './engine.js';
import { ErrorTally } from './error-tally.js';
import type { SchemaExtension } from './extension.js';
import { handleRequest } from './http.js';
import { listen } from './listen.js';
import { Metrics } from './metrics.js';
import { originsOf } from './origins.js';
import { Quotas } from './quotas.js';
import { basePathOf } from './target.js';
import { attachWebSockets, type WebSocketGateway } from './websocket.js';

export interface GatewayParts {
  settings: Pick<Settings, 'host' | 'port' | 'publicUrl' | 'limits' | 'allowedOrigins'>;
  services: Services;
  authenticate: Authenticate;
  /** What plugins add to the schema. */
  extensions?: readonly SchemaExtension[];
  log: Log;
}

/** Runs operations inside the process, as a client over the network would see them. */
export interface InProcessExecutor {
  execute(request: GraphQLRequest, signal?: AbortSignal): Promise<FormattedExecutionResult>;
  subscribe(request: GraphQLRequest): ResultIterator;
}

export interface Gateway extends Lifecycle {
  /** The port that is listened on; differs from the settings when they say 0. */
  readonly port: number;
  executorFor(viewer: Viewer): InProcessExecutor;
}

/** Milliseconds that open HTTP requests have to end when the gateway stops. */
const DRAIN_MS = 5_000;

/**
 * Milliseconds for a whole request, for its headers, and between two requests of a connection: longer than the minute after which
 * proxies let go of one, so that it is never the gateway that closes it while they send.
 */
const TIMEOUTS = { requestTimeout: 60_000, headersTimeout: 30_000, keepAliveTimeout: 65_000 };

/**
 * `start()` listens. `stop()` takes no more requests, ends subscriptions, and waits a little for requests that are being answered.
 * @throws PalateError from start(): CONFLICT when the port is taken, BAD_USER_INPUT when the address is not this machine's
 */
export function createGateway({ settings, authenticate, extensions, log, ...parts }: GatewayParts): Gateway {
  const { limits } = settings;
  const errors = new ErrorTally();
  const metrics = new Metrics(() => parts.services.pool.status(), errors);
  const services = metrics.measure(parts.services);
  const counting = new AbortController();
  const engine = createEngine({ limits, log, extensions, onError: (code) => errors.count(code) });
  const quotas = new Quotas(limits);
  const portNow = () => (server?.address() as AddressInfo | null)?.port ?? settings.port;
  const publicUrl = () => settings.publicUrl ?? localUrl({ host: settings.host, port: portNow() });
  const contextFor = contextMaker({ services, limits, quotas, errors, publicUrl });
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let server: Server | undefined;
  let sockets: WebSocketGateway | undefined;

  async function start(): Promise<void> {
    await engine.apollo.start();
    const parts = {
      engine,
      services,
      authenticate,
      contextFor,
      quotas,
      limits,
      metrics,
      log,
      origins: originsOf([...settings.allowedOrigins, ...ownOrigin(settings.publicUrl)]),
      basePath: basePathOf(settings.publicUrl),
      stopping: () => stopping !== undefined,
    };
    server = createServer(TIMEOUTS, (request, response) => {
      void handleRequest(request, response, parts);
    });
    sockets = attachWebSockets(server, parts);
    await listen(server, settings);
    metrics
      .watchTrainings(services.training.watch(null, counting.signal))
      .catch((err) => log.error({ err }, 'Trainings are no longer counted'));
  }

  async function stop(): Promise<void> {
    await starting?.catch(() => {});
    counting.abort();
    if (!server) return;
    // One that never came to listen is closed at once.
    const closed = new Promise<void>((resolve) => server?.close(() => resolve()));
    server.closeIdleConnections();
    await sockets?.close();
    const impatience = setTimeout(() => server?.closeAllConnections(), DRAIN_MS);
    await closed;
    clearTimeout(impatience);
    await engine.apollo.stop();
  }

  return {
    get port() {
      return portNow();
    },
    start() {
      starting ??= start();
      return starting;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
    executorFor(viewer) {
      // One a call: listeners on a signal that is shared would outlive what they listen for.
      const never = () => new AbortController().signal;
      return {
        execute: (request, signal = never()) => engine.execute(request, contextFor(viewer, signal)),
        subscribe: (request) => engine.subscribe(request, contextFor(viewer, never())),
      };
    },
  };
}

/** The origin of the gateway's own pages where a proxy gives it another Host than browsers see. */
function ownOrigin(publicUrl: string | undefined): string[] {
  return publicUrl === undefined ? [] : [new URL(publicUrl).origin];
}
