/** GraphQL over HTTP: reads an operation from a POST body or a GET address, and writes its answer. */
import { HeaderMap } from '@apollo/server';
import type { HttpBindings } from '@hono/node-server';
import { GraphQLError } from 'graphql';
import type { Context, Handler } from 'hono';
import { accepts } from 'hono/accepts';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { GraphQLRequest } from '../steps/operation.js';
import type { AnswerOperation } from '../steps/steps.js';
import type { HttpEnv } from './app.js';
import { refuse } from './refusal.js';
import { targetOf } from './target.js';

export interface GraphQLOverHttpParts {
  answer: AnswerOperation;
  limits: Pick<Limits, 'bodyBytes'>;
}

type HttpContext = Context<HttpEnv>;

export function graphqlOverHttp({ answer, limits }: GraphQLOverHttpParts): Handler<HttpEnv> {
  return async (c) => {
    const { method } = c.req;
    const { answer: answered } = await answer({
      caller: { authorization: c.req.header('authorization') },
      streams: false,
      signal: goneSignal(c.env.outgoing),
      // A HEAD is a GET whose answer is not sent.
      http: method === 'POST' ? undefined : { method: 'GET', headers: new HeaderMap(), search: '', body: undefined },
      read: async () => requestOf(method === 'POST' ? await readBody(c, limits.bodyBytes) : readSearch(c)),
    });
    const type = `${accepts(c, ANSWER_TYPES)}; charset=utf-8`;
    if (answered.kind === 'refused') return refuse(c, answered.errors, type);
    if (answered.kind === 'stream') throw new Error('A stream was not asked for.');
    for (const [name, value] of answered.http.headers ?? []) c.header(name, value);
    const status = (answered.http.status ?? 200) as ContentfulStatusCode;
    return c.body(JSON.stringify(answered.result), status, { 'Content-Type': type });
  };
}

/** Aborts when the caller goes away before the answer is out. Not the request's own signal, for which a whole web request is made. */
function goneSignal(outgoing: HttpBindings['outgoing']): AbortSignal {
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
}

const ANSWER_TYPES: Parameters<typeof accepts>[1] = {
  header: 'Accept',
  supports: ['application/json', 'application/graphql-response+json'],
  default: 'application/json',
};

/** The JSON of a body. @throws PalateError LIMIT_EXCEEDED as soon as it is known to be too long, BAD_USER_INPUT for what is no JSON */
async function readBody(c: HttpContext, maximum: number): Promise<unknown> {
  if ((c.req.header('content-encoding') ?? 'identity') !== 'identity')
    throw new PalateError('BAD_USER_INPUT', 'Compressed requests are not taken. Send the body as it is.');
  requireJson(c.req.header('content-type'));
  return jsonOf(unicodeOf(await readBytes(c.env.incoming, maximum)));
}

/** Of node's own stream: Hono's limit puts a web stream around it, which costs more than the rest of a short request. */
async function readBytes(incoming: HttpBindings['incoming'], maximum: number): Promise<Buffer> {
  const tooLong = () =>
    new PalateError('LIMIT_EXCEEDED', `The request is longer than ${maximum} bytes. Send less at once.`);
  if (Number(incoming.headers['content-length'] ?? 0) > maximum) throw tooLong();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Not destroyed with what is left of it: the refusal goes out by the same connection.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > maximum) throw tooLong();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof PalateError) throw error;
    throw new PalateError('BAD_USER_INPUT', 'The request broke off before its end.', { cause: error });
  }
  return Buffer.concat(chunks);
}

/** A page elsewhere cannot send this type without asking first, so what it could send is refused. @throws PalateError BAD_USER_INPUT */
function requireJson(contentType = ''): void {
  const [type, ...parameters] = contentType.toLowerCase().split(';');
  if (type.trim() !== 'application/json')
    throw new PalateError('BAD_USER_INPUT', 'Send JSON, with "Content-Type: application/json".');
  if (parameters.some((parameter) => /^\s*charset=(?!"?utf-?8"?\s*$)/.test(parameter)))
    throw new PalateError('BAD_USER_INPUT', 'JSON is taken as UTF-8 only. Leave the charset out.');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** @throws PalateError BAD_USER_INPUT for bytes that are no UTF-8: reading them anyway would change the text */
function unicodeOf(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new PalateError('BAD_USER_INPUT', 'The request is not UTF-8. Encode the text as UTF-8, as JSON asks for.');
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PalateError('BAD_USER_INPUT', 'The body is not JSON. Send { "query": ..., "variables": ... }.');
  }
}

/** Headers that a page elsewhere cannot send without asking first: one of them shows that no link or image made the request. */
const PREFLIGHTED = ['apollo-require-preflight', 'x-apollo-operation-name'];

/** The parameters of an address. @throws PalateError BAD_USER_INPUT */
function readSearch(c: HttpContext): unknown {
  if (!PREFLIGHTED.some((name) => c.req.header(name)) && !c.req.header('content-type')?.includes('json')) {
    const message = `A GET needs one of the headers ${PREFLIGHTED.join(', ')}, so that no page elsewhere can send it.`;
    throw new PalateError('BAD_USER_INPUT', message);
  }
  // Not Hono's own reading, which takes any bytes: what changes on the way in must be refused.
  const { search } = targetOf(c.env.incoming.url);
  try {
    decodeURIComponent(search);
  } catch {
    throw new PalateError('BAD_USER_INPUT', 'The escapes in the address are not UTF-8. Escape the text as UTF-8.');
  }
  const parameters = new URLSearchParams(search);
  const request = Object.fromEntries(parameters);
  if ([...parameters].length > Object.keys(request).length)
    throw new PalateError('BAD_USER_INPUT', 'A parameter is given twice. Give each once.');
  const { variables, extensions } = request;
  return {
    ...request,
    variables: variables === undefined ? undefined : jsonOf(variables),
    extensions: extensions === undefined ? undefined : jsonOf(extensions),
  };
}

const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const record = z.custom<Record<string, unknown>>(isRecord, 'Give an object.').nullish();

const REQUEST = z.object({
  query: z.string('Give the document as text.').min(1, 'Give a document.').optional(),
  operationName: z.string('Give the name as text.').nullish(),
  variables: record,
  extensions: record,
});

/** @throws PalateError BAD_USER_INPUT that names the field; GraphQLError that tells clients with persisted queries to send whole ones */
function requestOf(value: unknown): GraphQLRequest {
  if (!isRecord(value))
    throw new PalateError('BAD_USER_INPUT', 'Send one operation: { "query": ..., "variables": ... }.');
  const { data, error } = REQUEST.safeParse(value);
  if (error) {
    const [{ path, message }] = error.issues;
    throw new PalateError('BAD_USER_INPUT', `${path.join('.')}: ${message}`);
  }
  const { query, variables, operationName, extensions } = data;
  if (extensions?.persistedQuery)
    throw new GraphQLError('PersistedQueryNotSupported', { extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } });
  if (query === undefined) throw new PalateError('BAD_USER_INPUT', 'query: Give a document.');
  return { query, variables, operationName };
}
