/** What an error of the service means to whoever sits at a terminal: a sentence for every code that it can answer. */
import type { ClientErrorCode, PalateClientError } from '../client/index.js';

export const SENTENCES: Readonly<Record<ClientErrorCode, (error: PalateClientError) => string>> = {
  UNAUTHENTICATED: ({ message }) => `The service does not take this key. ${message}`,
  FORBIDDEN: ({ message }) => `This may not be done with this key. ${message}`,
  // Without an answer of the service it was not asked: the client itself found fault.
  BAD_USER_INPUT: ({ message, errors }) =>
    errors.length === 0 ? message : `The service does not take this. ${message}`,
  TOO_LONG: ({ message }) => `This is too long. ${message}`,
  NOT_FOUND: ({ message }) => `This is not there, or not any more. ${message}`,
  CONFLICT: ({ message }) => `This does not go with what is there already. ${message}`,
  LIMIT_EXCEEDED: ({ message, retryAfterMs }) =>
    `This is more than is allowed at once. ${message}${again(retryAfterMs)}`,
  MODEL_UNAVAILABLE: ({ message, retryAfterMs }) => `The language model is not ready. ${message}${again(retryAfterMs)}`,
  STORE_UNAVAILABLE: ({ message, retryAfterMs }) =>
    `The database is away or takes nothing. ${message}${again(retryAfterMs)}`,
  CANCELLED: ({ message }) => `This was stopped before it was done. ${message}`,
  INTERNAL: ({ message }) => `The service has a fault. ${message}`,
  UNREACHABLE: ({ message }) => `${message} "npm start" starts one; --url or PALATE_URL names another.`,
};

/** An error of the service as one line. */
export function sentenceOf(error: PalateClientError): string {
  return SENTENCES[error.code](error);
}

/** How long, in words: `8 s`, `3 min`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

function again(retryAfterMs: number | undefined): string {
  return retryAfterMs === undefined ? '' : ` Try again in ${duration(retryAfterMs)}.`;
}
