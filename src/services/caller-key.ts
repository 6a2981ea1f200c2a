/** Callers' keys: the same key and input are answered alike, the same key with another input is refused. */
import { createHash } from 'node:crypto';
import { PalateError } from '../common/errors.js';

/** SHA-256 of the value as JSON with sorted keys, hex. Undefined fields count as absent. */
export function inputDigest(input: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(input)))
    .digest('hex');
}

/** The name under which the answer to a caller's key is kept. */
export function keptName(owner: string | undefined, key: string): string {
  return owner === undefined ? key : JSON.stringify([owner, key]);
}

/** @throws PalateError CONFLICT when the key was given with another input */
export function requireSameInput(key: string, kept: string, given: string): void {
  if (kept === given) return;
  throw new PalateError(
    'CONFLICT',
    `The key "${key}" was used with another input. Repeat that input for its answer, or take a new key.`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, sorted(field)]));
}
