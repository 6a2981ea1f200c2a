/** The one error the client throws. */

/** The service's codes, and UNREACHABLE for a service that does not answer, or not in GraphQL. */
export const CLIENT_ERROR_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'TOO_LONG',
  'NOT_FOUND',
  'CONFLICT',
  'LIMIT_EXCEEDED',
  'MODEL_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'CANCELLED',
  'INTERNAL',
  'UNREACHABLE',
] as const;

export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[number];

/** An error as GraphQL answers it. */
export interface ResponseError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export class PalateClientError extends Error {
  readonly code: ClientErrorCode;
  /** Milliseconds after which the same call may succeed. */
  readonly retryAfterMs?: number;
  /** Characters that are allowed, where a text was TOO_LONG and characters were counted. */
  readonly maximum?: number;
  /** Everything the service answered with; empty when it did not answer. */
  readonly errors: readonly ResponseError[];

  constructor(
    code: ClientErrorCode,
    message: string,
    details: { retryAfterMs?: number; maximum?: number; errors?: readonly ResponseError[]; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'PalateClientError';
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.maximum = details.maximum;
    this.errors = details.errors ?? [];
  }
}

/** The errors of one answer as one error: the first one speaks. */
export function errorOf(errors: readonly ResponseError[]): PalateClientError {
  const first = errors[0] ?? { message: 'The service answered with an error that says nothing.' };
  const code = CLIENT_ERROR_CODES.find((known) => known === first.extensions?.code) ?? 'INTERNAL';
  const { retryAfterMs, maximum } = first.extensions ?? {};
  return new PalateClientError(code, first.message, {
    errors,
    ...(typeof retryAfterMs === 'number' && { retryAfterMs }),
    ...(typeof maximum === 'number' && code === 'TOO_LONG' && { maximum }),
  });
}

export function unreachable(url: string, reason: string, cause?: unknown): PalateClientError {
  return new PalateClientError('UNREACHABLE', `${url} does not answer (${reason}). Is the gateway running there?`, {
    cause,
  });
}
