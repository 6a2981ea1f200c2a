/** How a command that failed says so. */
import { messageOf, PalateError } from '../common/errors.js';

/** Prints what went wrong and lets the process end with status 1. A foreseen error is a readable line; anything else brings its stack. */
export function reportFailure(error: unknown): void {
  const foreseen = error instanceof PalateError || (error instanceof Error && error.name === 'PalateClientError');
  const text = foreseen || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message);
  process.stderr.write(`palate: ${text}\n`);
  process.exitCode = 1;
}
