/** How a command that failed says so. */
import { PalateClientError } from '../client/index.js';
import { messageOf, PalateError } from '../common/errors.js';
import { sentenceOf } from './sentences.js';

/** Prints what went wrong and lets the process end with status 1. A foreseen error is a readable line; anything else brings its stack. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`palate: ${textOf(error)}\n`);
  process.exitCode = 1;
}

function textOf(error: unknown): string {
  if (error instanceof PalateClientError) return sentenceOf(error);
  if (error instanceof PalateError || !(error instanceof Error)) return messageOf(error);
  return error.stack ?? error.message;
}
