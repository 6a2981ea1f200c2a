/** Turns whatever was thrown into an error a client may see: always with a code of the one list, never with our insides. */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { type ErrorCode, PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';

/** Apollo's own codes for requests that were malformed in some way. */
const MALFORMED = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
]);

export const INTERNAL_MESSAGE = 'Something went wrong on our side. The log of the service says what.';

/** An error of a document that asks for more than is allowed. */
export function limitError(limit: string, maximum: number, message: string): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code: 'LIMIT_EXCEEDED', limit, maximum, http: { status: 400 } },
  });
}

/**
 * @param error what was thrown, or what graphql-js or Apollo made of it
 * @param log gets errors that nobody foresaw, with their stack
 */
export function formatError(error: unknown, log: Log): GraphQLFormattedError {
  const graphqlError = error instanceof GraphQLError ? error : undefined;
  const cause = rootCause(error);
  const place = graphqlError && {
    ...(graphqlError.locations && { locations: graphqlError.locations }),
    ...(graphqlError.path && { path: graphqlError.path }),
  };
  if (cause instanceof PalateError) {
    if (cause.code === 'INTERNAL') log.error({ err: cause, path: graphqlError?.path }, 'request failed');
    return { message: cause.message, ...place, extensions: codeOf(cause) };
  }
  const { limit, maximum } = graphqlError?.extensions ?? {};
  if (graphqlError && limit !== undefined) {
    return { message: graphqlError.message, ...place, extensions: { code: 'LIMIT_EXCEEDED', limit, maximum } };
  }
  if (graphqlError && isCallersFault(graphqlError)) {
    return { message: graphqlError.message, ...place, extensions: { code: 'BAD_USER_INPUT' satisfies ErrorCode } };
  }
  log.error({ err: cause, path: graphqlError?.path }, 'request failed unexpectedly');
  return { message: INTERNAL_MESSAGE, ...place, extensions: { code: 'INTERNAL' satisfies ErrorCode } };
}

function codeOf(error: PalateError): Record<string, unknown> {
  const { code, retryAfterMs, maximum } = error;
  return { code, ...(retryAfterMs !== undefined && { retryAfterMs }), ...(maximum !== undefined && { maximum }) };
}

/** The error at the end of the chain of GraphQL errors wrapped around it. */
function rootCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/** Whether graphql-js or Apollo found fault with the document, its variables or its arguments, and not with what we returned. */
function isCallersFault(error: GraphQLError): boolean {
  if (MALFORMED.has(String(error.extensions.code))) return true;
  const cause = rootCause(error);
  if (!(cause instanceof GraphQLError)) return false;
  // During execution only arguments are the caller's; anything else found there is a value that we returned.
  return error.path === undefined || cause.message.startsWith('Argument "');
}
