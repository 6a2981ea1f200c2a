/** What a failure means to the person in front of the page: a sentence for every code that the service can answer. */
import { type ClientErrorCode, PalateClientError } from '../../client/index.js';
import { waiting } from '../ui/time.js';

export const SENTENCES: Readonly<Record<ClientErrorCode, (error: PalateClientError) => string>> = {
  UNAUTHENTICATED: () =>
    'This key or link is not known here, or no longer good. Ask for a new link, or sign in with another key.',
  FORBIDDEN: ({ message }) => `This may not be done with your key or link. ${message}`,
  BAD_USER_INPUT: ({ message }) => `This was not accepted. ${message}`,
  TOO_LONG: ({ message }) => `This is too long. ${message}`,
  NOT_FOUND: ({ message }) => `This is not there any more. ${message}`,
  CONFLICT: ({ message }) => `This does not go with what is there already. ${message}`,
  LIMIT_EXCEEDED: ({ message, retryAfterMs }) =>
    retryAfterMs === undefined ? message : `That was a lot at once. Try again ${waiting(retryAfterMs)}.`,
  MODEL_UNAVAILABLE: ({ message }) => `The language model is not ready. ${message}`,
  STORE_UNAVAILABLE: ({ retryAfterMs }) =>
    `The database is away or takes nothing at the moment, so nothing of this was kept. Try again ${waiting(retryAfterMs)}.`,
  CANCELLED: () => 'This was stopped before it was done.',
  INTERNAL: () => 'Something went wrong on our side; the log of the service has the details. Try again.',
  UNREACHABLE: () => 'Palate does not answer at the moment. Nothing is lost; try again in a moment.',
};

export function problemOf(error: unknown): string {
  if (error instanceof PalateClientError) return SENTENCES[error.code](error);
  return `This page has a fault: ${error instanceof Error ? error.message : String(error)}`;
}

export function isUnauthenticated(error: unknown): error is PalateClientError {
  return error instanceof PalateClientError && error.code === 'UNAUTHENTICATED';
}

/** Codes that another try cannot change: the visit is over. */
const FINAL: ReadonlySet<ClientErrorCode> = new Set(['UNAUTHENTICATED', 'FORBIDDEN']);

/** Whether the same credential may be let in later. */
export function mayPass(error: unknown): boolean {
  return error instanceof PalateClientError && !FINAL.has(error.code);
}
