/** What went wrong, as a sentence for whoever sees it: one for each code that the service may answer with. */
import type { ClientErrorCode } from '../../src/client/index.js';
import { backOff } from '../../src/common/back-off.js';
import type { Words } from './words/index.js';

export interface Problem {
  code: ClientErrorCode;
  /** What the service says, in English. */
  message?: string;
  retryAfterMs?: number;
  maximum?: number;
}

/** Seconds to wait where the service does not say. */
const AGAIN = 5;
const STARTING = 60;

type Sentence = (words: Words['problem'], problem: Problem) => string;

const SENTENCES: Readonly<Record<ClientErrorCode, Sentence>> = {
  UNAUTHENTICATED: ({ noKey }) => noKey,
  FORBIDDEN: ({ forbidden }) => forbidden,
  BAD_USER_INPUT: ({ refused }, { message }) => refused(message ?? null),
  TOO_LONG: ({ tooLong }, { maximum }) => tooLong(maximum ?? null),
  NOT_FOUND: ({ notThere }) => notThere,
  CONFLICT: ({ changed }) => changed,
  LIMIT_EXCEEDED: ({ busy }, { retryAfterMs }) => busy(secondsOf(retryAfterMs, AGAIN)),
  MODEL_UNAVAILABLE: ({ noModel }, { retryAfterMs }) => noModel(secondsOf(retryAfterMs, STARTING)),
  STORE_UNAVAILABLE: ({ noStore }, { retryAfterMs }) => noStore(secondsOf(retryAfterMs, AGAIN)),
  CANCELLED: ({ stopped }) => stopped,
  INTERNAL: ({ other }) => other,
  UNREACHABLE: ({ unreachable }) => unreachable,
};

/** The sentence for an error of the service. */
export function problemText(problem: Problem, words: Words): string {
  return SENTENCES[problem.code](words.problem, problem);
}

function secondsOf(milliseconds: number | undefined, otherwise: number): number {
  return milliseconds === undefined ? otherwise : Math.max(1, Math.ceil(milliseconds / 1_000));
}

/** Whether the same request may succeed later, so that a vote is kept and sent again. */
const PASSING: Readonly<Record<ClientErrorCode, boolean>> = {
  // A key is renewed with every start of the plugin.
  UNAUTHENTICATED: true,
  FORBIDDEN: false,
  BAD_USER_INPUT: false,
  TOO_LONG: false,
  NOT_FOUND: false,
  CONFLICT: false,
  LIMIT_EXCEEDED: true,
  MODEL_UNAVAILABLE: true,
  STORE_UNAVAILABLE: true,
  CANCELLED: true,
  INTERNAL: true,
  UNREACHABLE: true,
};

export function isPassing(code: ClientErrorCode): boolean {
  return PASSING[code];
}

/** Milliseconds to wait before the next attempt, the first being 0: doubling from half a second to a minute. */
export function retryDelay(attempt: number, retryAfterMs = 0): number {
  return Math.max(retryAfterMs, backOff(attempt, { first: 500, longest: 60_000 }));
}
