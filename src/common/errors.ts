/** The one list of error codes and the one error type that crosses rooms. */

/** Codes carried in `extensions.code` of every GraphQL error; clients may rely on them. */
export const ERROR_CODES = [
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
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorDetails {
  /** Milliseconds after which the same call may succeed; goes with LIMIT_EXCEEDED, STORE_UNAVAILABLE and MODEL_UNAVAILABLE. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** An error whose message may be shown to whoever caused it: it says what was wrong and what to do. */
export class PalateError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'PalateError';
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
