/** GraphQL over WebSocket (protocol graphql-transport-ws) on the port of the HTTP server. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import {
  CloseCode,
  handleProtocols,
  makeServer,
  type OperationResult,
  type Server as ProtocolServer,
} from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Limits } from '../../common/config.js';
import { messageOf, PalateError } from '../../common/errors.js';
import type { Log } from '../../common/log.js';
import type { Services } from '../../services/services.js';
import { type Authenticate, requireViewer } from '../auth.js';
import type { GraphQLRequest, Operation } from '../steps/operation.js';
import type { AnswerOperation } from '../steps/steps.js';
import { Connections, closeReason, type OpenConnection } from './connections.js';
import { GRAPHQL_PATH } from './http.js';
import type { Origins } from './origins.js';
import { targetOf } from './target.js';

export interface WebSocketParts {
  schema: GraphQLSchema;
  answer: AnswerOperation;
  formatError(error: unknown): GraphQLFormattedError;
  services: Pick<Services, 'keys'>;
  authenticate: Authenticate;
  limits: Limits;
  log: Log;
  origins: Origins;
  basePath: string;
}

export interface WebSocketGateway {
  /** Says goodbye to every client and ends their subscriptions. */
  close(): Promise<void>;
}

/** Milliseconds between two signs of life asked from a client, and the time it has to answer. */
const HEARTBEAT_MS = 12_000;
/** Milliseconds a client has to show its key. */
const GREETING_MS = 10_000;
/** Milliseconds clients have to answer a goodbye. */
const GOODBYE_MS = 2_000;

/** What is known about one socket. */
interface Visitor {
  socket: WebSocket;
  request: IncomingMessage;
  /** Since it has shown its key. */
  connection?: OpenConnection;
  /** Aborts when the socket is gone. */
  gone: AbortController;
}

type ConnectionParams = Record<string, unknown> | undefined;

export function attachWebSockets(server: Server, parts: WebSocketParts): WebSocketGateway {
  const { limits, log } = parts;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.bodyBytes,
    handleProtocols,
    clientTracking: true,
  });
  const connections = new Connections({
    authenticate: parts.authenticate,
    onKeysChanged: parts.services.keys.onChange,
    limits,
    log,
  });
  const protocol = createProtocol(parts, connections);
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', (error) => log.debug({ err: error }, 'connection failed before it was a WebSocket'));
    if (targetOf(request.url, parts.basePath).path !== GRAPHQL_PATH) refuse(stream, '404 Not Found');
    else if (!allows(parts.origins, request)) refuse(stream, '403 Forbidden');
    else if (sockets.clients.size >= limits.connections) refuse(stream, '503 Service Unavailable');
    else sockets.handleUpgrade(request, stream, head, (socket) => serve(socket, request, protocol, log));
  });
  return {
    async close() {
      connections.close();
      for (const socket of sockets.clients) socket.close(1001, 'The service is stopping.');
      const deadline = performance.now() + GOODBYE_MS;
      while (sockets.clients.size > 0 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

function createProtocol(parts: WebSocketParts, connections: Connections): ProtocolServer<Visitor> {
  const { schema, answer, formatError, authenticate, limits } = parts;
  return makeServer<ConnectionParams, Visitor>({
    schema,
    connectionInitWaitTimeout: GREETING_MS,
    async onConnect({ connectionParams, extra, subscriptions }) {
      const given = connectionParams?.authorization ?? connectionParams?.Authorization;
      const authorization = given ?? extra.request.headers.authorization;
      try {
        const viewer = await requireViewer(authenticate, authorization);
        if (extra.gone.signal.aborted) return true;
        const operations = () => Object.keys(subscriptions).length;
        const connection = { socket: extra.socket, authorization, viewer, operations };
        connections.add(connection);
        extra.connection = connection;
        return true;
      } catch (error) {
        // A client of this protocol takes 4401 as final and does not knock again with the same key; after 4403 it does, later.
        if (!(error instanceof PalateError)) throw error;
        const unknown = error.code === 'UNAUTHENTICATED';
        extra.socket.close(
          unknown ? CloseCode.Unauthorized : CloseCode.Forbidden,
          closeReason(`${error.code}: ${error.message}`),
        );
        // The socket is closing: the acknowledgement that follows is not sent any more.
        return true;
      }
    },
    async onSubscribe({ extra: { connection, gone }, subscriptions }, _id, payload) {
      try {
        // Before anything is waited for: operations that come later must not be counted with this one.
        requireRoom(Object.keys(subscriptions).length, limits);
        if (connection) connections.requireRoomForOperation(connection);
      } catch (error) {
        return [new GraphQLError(messageOf(error), { originalError: error as Error })];
      }
      const operation = await answer({
        // Whoever was refused is being closed; what they still send is nobody's.
        caller: connection?.viewer ?? { authorization: undefined },
        streams: true,
        signal: gone.signal,
        read: () => payload as GraphQLRequest,
      });
      if (operation.answer.kind === 'refused') return operation.answer.errors.map((error) => new Worded(error));
      return { schema, document: operation.document, operationName: operation.request.operationName, operation };
    },
    execute: handOut,
    subscribe: handOut,
    onNext: (_, __, ___, ____, result) => result,
    onError: (_, __, ___, errors) =>
      errors.map((error) => (error instanceof Worded ? error.words : formatError(error))),
    onClose: ({ extra }) => {
      extra.gone.abort();
      if (extra.connection) connections.remove(extra.connection);
    },
  });
}

/** An error as the steps worded it; the protocol takes no other than graphql-js'. */
class Worded extends GraphQLError {
  constructor(readonly words: GraphQLFormattedError) {
    super(words.message);
  }
}

/** The protocol's own moment to execute: the steps have done it by then. */
function handOut({ operation }: ExecutionArgs & { operation?: Operation }): OperationResult {
  const { answer } = operation as Operation;
  if (answer.kind === 'refused') throw new Error('A refused operation is not executed.');
  // The protocol sends errors as they are, worded or not, but for its types.
  return (answer.kind === 'stream' ? answer.results : answer.result) as OperationResult;
}

/** Hands one socket to the protocol. Sending resolves once the bytes are out, so a slow reader slows its own streams down. */
function serve(socket: WebSocket, request: IncomingMessage, protocol: ProtocolServer<Visitor>, log: Log): void {
  socket.on('error', (error) => log.debug({ err: error }, 'WebSocket failed'));
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: (data) =>
        new Promise((resolve) => {
          // A failed send means that the client is gone, which its close event tells.
          if (socket.readyState === socket.OPEN) socket.send(data, () => resolve());
          else resolve();
        }),
      close: (code, reason) => socket.close(code, closeReason(reason ?? '')),
      onMessage: (receive) =>
        socket.on('message', async (data, isBinary) => {
          // The protocol is JSON in text frames, which are known to be UTF-8.
          if (isBinary) return socket.close(CloseCode.BadRequest, 'Send text frames');
          try {
            await receive(String(data));
          } catch (error) {
            log.error({ err: error }, 'WebSocket message failed');
            socket.close(CloseCode.InternalServerError, 'Internal error');
          }
        }),
    },
    { socket, request, gone: new AbortController() },
  );
  const heartbeat = watchLife(socket);
  socket.once('close', (code, reason) => {
    clearInterval(heartbeat);
    closed(code, String(reason)).catch((error) => log.error({ err: error }, `closing failed: ${messageOf(error)}`));
  });
}

/** Ends a connection whose other side answers no ping. */
function watchLife(socket: WebSocket): NodeJS.Timeout {
  let alive = true;
  socket.on('pong', () => {
    alive = true;
  });
  return setInterval(() => {
    if (!alive) {
      socket.terminate();
      return;
    }
    alive = false;
    socket.ping();
  }, HEARTBEAT_MS);
}

/** @throws PalateError LIMIT_EXCEEDED when one connection has more operations open than it may */
function requireRoom(open: number, { subscriptionsPerConnection }: Limits): void {
  if (open <= subscriptionsPerConnection) return;
  const message = `This connection has ${subscriptionsPerConnection} operations open. End one, or open another connection.`;
  throw new PalateError('LIMIT_EXCEEDED', message);
}

/** Pages of other places are turned away before they can show a key. */
function allows(origins: Origins, request: IncomingMessage): boolean {
  try {
    origins.require(request);
    return true;
  } catch {
    return false;
  }
}

function refuse(stream: Duplex, status: string): void {
  // Without the end of the stream a caller that keeps its side open would keep the server from closing.
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => stream.destroy());
}
