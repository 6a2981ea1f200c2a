/**
 * The gateway: one port for GraphQL over HTTP and WebSocket, and for health. The way of an operation, file by file:
 *
 *     transports/http.ts            a vote, a setting: paths, origins; then transports/graphql-over-http.ts reads the body
 *     transports/websocket.ts       a message: the key was shown on opening, transports/connections.ts has its room
 *     transports/in-process.ts      a plugin: its viewer is known
 *        | all three hand in an IncomingOperation
 *     steps/steps.ts                authenticate, quota, parse, limits, cost, execute, format: one ordered array
 *        | quota asks steps/quotas.ts; parse steps/documents.ts; cost operation-cost.ts;
 *        | execute has Apollo Server run queries and mutations, graphql-js subscriptions; for each field
 *     access-check.ts               may this viewer have it: the rule beside the field in schema.graphql
 *     resolvers/<entity>.ts         from the contract to the services; subscriptions go through streams.ts and live.ts
 *     ../services                   the use cases
 *        | and back
 *     the same transport            writes the answer, or each event of a stream
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { localUrl, type Settings } from '../common/config.js';
import type { Lifecycle } from '../common/lifecycle.js';
import type { Log } from '../common/log.js';
import type { Services } from '../services/services.js';
import type { Authenticate, Viewer } from './auth.js';
import { contextMaker } from './context.js';
import { ErrorTally } from './error-tally.js';
import { formatError } from './errors.js';
import type { SchemaExtension } from './extension.js';
import { Metrics } from './metrics.js';
import { createSchema } from './schema.js';
import { createApollo } from './steps/apollo.js';
import { Documents } from './steps/documents.js';
import type { Shared } from './steps/operation.js';
import { Quotas } from './steps/quotas.js';
import { answerBySteps } from './steps/steps.js';
import { createHttp } from './transports/http.js';
import { executorFor, type InProcessExecutor } from './transports/in-process.js';
import { listen } from './transports/listen.js';
import { originsOf } from './transports/origins.js';
import { basePathOf } from './transports/target.js';
import { attachWebSockets, type WebSocketGateway } from './transports/websocket.js';

export type { InProcessExecutor };

export interface GatewayParts {
  settings: Pick<Settings, 'host' | 'port' | 'publicUrl' | 'limits' | 'allowedOrigins'>;
  services: Services;
  authenticate: Authenticate;
  /** What plugins add to the schema. */
  extensions?: readonly SchemaExtension[];
  log: Log;
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
  const quotas = new Quotas(limits);
  const portNow = () => (server?.address() as AddressInfo | null)?.port ?? settings.port;
  const publicUrl = () => settings.publicUrl ?? localUrl({ host: settings.host, port: portNow() });
  const contextFor = contextMaker({ services, limits, quotas, errors, publicUrl });
  const tell = (error: unknown) => {
    const formatted = formatError(error, log);
    errors.count(String(formatted.extensions?.code));
    return formatted;
  };
  const shared = share({ limits, quotas, authenticate, contextFor, formatError: tell }, extensions, log);
  const { apollo } = shared;
  const answer = answerBySteps(shared);
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let server: Server | undefined;
  let sockets: WebSocketGateway | undefined;

  async function start(): Promise<void> {
    await apollo.start();
    const transport = {
      ...shared,
      answer,
      services,
      metrics,
      log,
      origins: originsOf([...settings.allowedOrigins, ...ownOrigin(settings.publicUrl)]),
      basePath: basePathOf(settings.publicUrl),
      stopping: () => stopping !== undefined,
    };
    server = createServer(TIMEOUTS, createHttp(transport));
    sockets = attachWebSockets(server, transport);
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
    await apollo.stop();
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
    executorFor: (viewer) => executorFor(viewer, { ...shared, answer }),
  };
}

/** What all operations share. */
function share(
  parts: Omit<Shared, 'schema' | 'apollo' | 'documents'>,
  extensions: readonly SchemaExtension[] | undefined,
  log: Log,
): Shared {
  const schema = createSchema(extensions, parts.limits);
  const documents = new Documents();
  return { ...parts, schema, documents, apollo: createApollo(schema, documents, parts.limits, log) };
}

/** The origin of the gateway's own pages where a proxy gives it another Host than browsers see. */
function ownOrigin(publicUrl: string | undefined): string[] {
  return publicUrl === undefined ? [] : [new URL(publicUrl).origin];
}
