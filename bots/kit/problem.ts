/** What went wrong, as a sentence for whoever sees it. */
import type { ClientErrorCode } from '../../src/client/index.js';
import type { Words } from './words/index.js';

export interface Problem {
  code: ClientErrorCode;
  retryAfterMs?: number;
}

/** The sentence for an error of the service. */
export function problemText({ code, retryAfterMs }: Problem, words: Words): string {
  switch (code) {
    case 'LIMIT_EXCEEDED':
      return words.problem.busy(Math.max(1, Math.ceil((retryAfterMs ?? 5_000) / 1_000)));
    case 'MODEL_UNAVAILABLE':
      return words.problem.noModel;
    case 'UNREACHABLE':
      return words.problem.unreachable;
    case 'BAD_USER_INPUT':
    case 'FORBIDDEN':
    case 'CONFLICT':
    case 'NOT_FOUND':
      return words.problem.refused;
    case 'CANCELLED':
      return words.vote.cancelled;
    default:
      return words.problem.other;
  }
}

/** Whether the same request may succeed later, so that a vote is kept and sent again. */
export function isPassing(code: ClientErrorCode): boolean {
  return [
    'LIMIT_EXCEEDED',
    'MODEL_UNAVAILABLE',
    'STORE_UNAVAILABLE',
    'UNREACHABLE',
    'INTERNAL',
    'CANCELLED',
    'UNAUTHENTICATED',
  ].includes(code);
}

/** Milliseconds to wait before the next attempt, the first being 0: doubling from half a second to a minute. */
export function retryDelay(attempt: number, retryAfterMs = 0): number {
  return Math.max(retryAfterMs, Math.min(60_000, 500 * 2 ** attempt));
}
