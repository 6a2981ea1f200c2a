/** Carries operations over HTTP (fetch) and subscriptions over WebSocket (graphql-transport-ws). */
import { type Client, createClient } from 'graphql-ws';
import { backOff } from '../common/back-off.js';
import { Stream } from '../common/stream.js';
import { PalateClientError, type ResponseError, unreachable } from './errors.js';
import type { Executor, ExecutorRequest, ExecutorResponse } from './executor.js';

export interface NetworkOptions {
  /** Where the gateway is: `http://127.0.0.1:4000`, with or without `/graphql`. */
  url: string;
  /** The key that is sent along. */
  key?: string;
  fetch?: typeof globalThis.fetch;
  /** A WebSocket constructor; the platform's own, else that of the package `ws`. */
  webSocket?: unknown;
  /** Milliseconds before an attempt to reconnect, from 0; about 250 and doubling, 10,000 at most, unless given. */
  retryWaitMs?: (attempt: number) => number;
}

/** Spread, so that the clients of a gateway that restarts do not come back all at once. */
const RECONNECT = { first: 250, longest: 10_000, spread: 0.4 };

export function networkExecutor(options: NetworkOptions): Executor {
  const endpoint = endpointOf(options.url);
  const closed = new AbortController();
  // Two connections, because graphql-ws reconnects for a whole connection: one for watching, which may begin again, and one for
  // generations, which must not.
  let watching: Promise<Client> | undefined;
  let generating: Promise<Client> | undefined;
  const connect = (reconnect: boolean) => {
    if (reconnect) {
      watching ??= createConnection(endpoint, options, true, closed.signal);
      return watching;
    }
    generating ??= createConnection(endpoint, options, false, closed.signal);
    return generating;
  };
  return {
    execute: (request, signal) => post(endpoint, options, request, signal),
    subscribe: (request, { reconnect }) => streamOf(endpoint, connect(reconnect), request),
    async close() {
      closed.abort();
      for (const connection of [watching, generating]) (await connection)?.terminate();
    },
  };
}

/** The GraphQL address of a gateway. */
export function endpointOf(url: string): string {
  let endpoint: URL;
  try {
    endpoint = new URL(url.includes('://') ? url : `http://${url}`);
  } catch {
    throw new PalateClientError('BAD_USER_INPUT', `"${url}" is no address. Give one like http://127.0.0.1:4000.`);
  }
  const path = endpoint.pathname.replace(/\/+$/, '');
  endpoint.pathname = path.endsWith('/graphql') ? path : `${path}/graphql`;
  endpoint.hash = '';
  return endpoint.href;
}

async function post(
  endpoint: string,
  { key, fetch = globalThis.fetch }: NetworkOptions,
  request: ExecutorRequest,
  signal?: AbortSignal,
): Promise<ExecutorResponse> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json',
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(request),
      signal,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw new PalateClientError('CANCELLED', 'The request was cancelled.', { cause: error });
    throw unreachable(endpoint, reasonOf(error), error);
  }
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer)) {
      return answer as ExecutorResponse;
    }
  } catch {
    // Not GraphQL: falls through to the status, which says more than a parser would.
  }
  throw unreachable(endpoint, `HTTP status ${response.status}, and no GraphQL answer`);
}

async function createConnection(
  endpoint: string,
  { key, webSocket, retryWaitMs = (attempt) => backOff(attempt, RECONNECT) }: NetworkOptions,
  reconnect: boolean,
  closed: AbortSignal,
): Promise<Client> {
  return createClient({
    url: endpoint.replace(/^http/, 'ws'),
    connectionParams: key === undefined ? undefined : { authorization: `Bearer ${key}` },
    webSocketImpl: webSocket ?? globalThis.WebSocket ?? (await packagedWebSocket()),
    lazyCloseTimeout: 500,
    keepAlive: 15_000,
    retryAttempts: reconnect ? Number.POSITIVE_INFINITY : 0,
    shouldRetry: () => reconnect && !closed.aborted,
    retryWait: (attempt) => pause(retryWaitMs(attempt), closed),
  });
}

/** The WebSocket of the package `ws`, which tells of an error even when it is closed on purpose before it was open. */
async function packagedWebSocket() {
  const { WebSocket } = await import('ws');
  return class extends WebSocket {
    constructor(address: string, protocol: string) {
      super(address, protocol);
      this.on('error', () => {});
    }
  };
}

function pause(milliseconds: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      closed.removeEventListener('abort', done);
      resolve();
    }
    if (closed.aborted) done();
    else closed.addEventListener('abort', done);
  });
}

/** A subscription as a stream; giving it up ends it on the other side. */
function streamOf(endpoint: string, connection: Promise<Client>, request: ExecutorRequest): Stream<ExecutorResponse> {
  let dispose = () => {};
  const responses = new Stream<ExecutorResponse>({ onEnd: () => dispose() });
  const sink = {
    next: (response: ExecutorResponse) => responses.push(response),
    error(error: unknown) {
      if (!Array.isArray(error)) return responses.end(connectionError(endpoint, error));
      // Errors before the first event come as a list; they are an answer like any other.
      responses.push({ errors: error as ResponseError[] });
      responses.end();
    },
    complete: () => responses.end(),
  };
  connection.then(
    (client) => {
      if (!responses.ended) dispose = client.subscribe({ ...request }, sink);
    },
    (error) => responses.end(connectionError(endpoint, error)),
  );
  return responses;
}

/** What ended a connection: a close event, an error event, or an error. */
function connectionError(endpoint: string, reason: unknown): PalateClientError {
  if (reason instanceof PalateClientError) return reason;
  const { code, reason: text } = (reason ?? {}) as { code?: unknown; reason?: unknown };
  if (code === 4401) {
    const message = String(text || 'The key is not accepted.').replace(/^UNAUTHENTICATED: /, '');
    return new PalateClientError('UNAUTHENTICATED', message, { cause: reason });
  }
  // The standard's code for a message that is too large: asking again would end the same way.
  if (code === 1009) {
    return new PalateClientError('TOO_LONG', 'The request is longer than the service takes at once. Send less.', {
      cause: reason,
    });
  }
  return unreachable(endpoint, typeof code === 'number' ? `connection closed with ${code}` : reasonOf(reason), reason);
}

/** The innermost message: fetch and WebSocket wrap what the system said. */
function reasonOf(error: unknown): string {
  const { cause, error: inner, message, code } = (error ?? {}) as Record<string, unknown>;
  if (cause || inner) return reasonOf(cause ?? inner);
  return String(message || code || error);
}
