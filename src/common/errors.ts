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
  /** Characters that are allowed; goes with TOO_LONG where it is characters that are counted. */
  maximum?: number;
  cause?: unknown;
}

/** An error whose message may be shown to whoever caused it: it says what was wrong and what to do. */
export class PalateError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs?: number;
  readonly maximum?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'PalateError';
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.maximum = details.maximum;
  }
}

/** Whether the database is away or takes no writes. The store logs that once when it begins and once when it is over; nobody else has to. */
export function isStoreUnavailable(error: unknown): error is PalateError {
  return error instanceof PalateError && error.code === 'STORE_UNAVAILABLE';
}

/** Numbers that WebAssembly's file system gives its errors (WASI's errno) instead of words: those that a disk can cause. */
const WASI_ERRORS: Readonly<Record<number, string>> = {
  2: 'EACCES: permission denied',
  8: 'EBADF: bad file descriptor',
  10: 'EBUSY: resource busy',
  19: 'EDQUOT: disk quota exceeded',
  20: 'EEXIST: file exists',
  28: 'EINVAL: invalid argument',
  29: 'EIO: input/output error',
  33: 'EMFILE: too many open files',
  41: 'ENFILE: too many open files in the system',
  44: 'ENOENT: no such file or folder',
  51: 'ENOSPC: no space left on the device',
  54: 'ENOTDIR: not a folder',
  63: 'EPERM: operation not permitted',
  69: 'EROFS: read-only file system',
};

/** Errors inside errors that are told; the rest are more of the same. */
const TOLD_INSIDE = 3;
const DEPTH = 4;

/** The message of anything that was thrown: never empty, never "[object Object]", and it never throws itself. */
export function messageOf(error: unknown): string {
  try {
    return wordsOf(error, DEPTH) ?? 'an error without a message';
  } catch {
    // A getter that throws, an object that refuses to be a string.
    return 'an error that cannot be read';
  }
}

function wordsOf(error: unknown, depth: number): string | undefined {
  if (error === undefined || error === null) return undefined;
  if (typeof error !== 'object') return saying(String(error));
  const { message, name, code, errno, errors, cause } = error as Record<string, unknown>;
  const said = saying(message) ?? wasiMessage(name, errno);
  if (said !== undefined || depth === 0) return said;
  const inside = Array.isArray(errors) ? errors : cause === undefined ? [] : [cause];
  const told = new Set(inside.map((one) => wordsOf(one, depth - 1)).filter((text) => text !== undefined));
  if (told.size > 0) return [...told].slice(0, TOLD_INSIDE).join('; ');
  const named = [name, code].filter((part) => saying(part) !== undefined && part !== 'Error');
  return named.length > 0 ? named.join(' ') : asJson(error);
}

/** A text that says something; undefined for none. */
function saying(text: unknown): string | undefined {
  if (typeof text !== 'string' && typeof text !== 'number') return undefined;
  const trimmed = String(text).trim();
  return trimmed === '' || /^\[object \w+\]$/.test(trimmed) ? undefined : trimmed;
}

function wasiMessage(name: unknown, errno: unknown): string | undefined {
  if (name !== 'ErrnoError' || typeof errno !== 'number') return undefined;
  return WASI_ERRORS[errno] ?? `file system error ${errno}`;
}

function asJson(value: object): string | undefined {
  const text = JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return String(part);
    return typeof part === 'string' ? saying(part) : part;
  });
  return text === undefined || text === '{}' || text === '[]' ? undefined : text.slice(0, 200);
}
