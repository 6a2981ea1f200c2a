/** What a failure means to the person in front of the page. */
import { PalateClientError } from '../../client/index.js';

export function problemOf(error: unknown): string {
  if (!(error instanceof PalateClientError)) return error instanceof Error ? error.message : String(error);
  switch (error.code) {
    case 'UNREACHABLE':
      return 'Palate does not answer at the moment. Nothing is lost; try again in a moment.';
    case 'LIMIT_EXCEEDED':
      return error.retryAfterMs === undefined
        ? error.message
        : `That was a lot at once. Try again in ${Math.ceil(error.retryAfterMs / 1_000)} seconds.`;
    case 'MODEL_UNAVAILABLE':
      return `The language model is not ready. ${error.message}`;
    case 'INTERNAL':
      return 'Something went wrong on our side; the log of the gateway has the details. Try again.';
    default:
      return error.message;
  }
}

export function isUnauthenticated(error: unknown): error is PalateClientError {
  return error instanceof PalateClientError && error.code === 'UNAUTHENTICATED';
}
