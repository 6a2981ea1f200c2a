/** The generation that was made for a caller's key before. */
import { PalateError } from '../../common/errors.js';
import { GENERATE_OPERATION, type GenerationRecord } from '../../store/generations.js';
import type { CallerKey } from '../../store/idempotency.js';
import type { Store } from '../../store/store.js';
import { requireSameInput } from '../caller-key.js';

/**
 * Null where the key was not used yet.
 * @param key as the caller gave it
 * @throws PalateError CONFLICT when it was used with another input, NOT_FOUND when what it made was erased
 */
export async function keptGeneration(
  store: Pick<Store, 'generations' | 'idempotency'>,
  key: string,
  { key: name, inputDigest }: CallerKey,
): Promise<GenerationRecord | null> {
  const kept = await store.idempotency.find(GENERATE_OPERATION, name);
  if (!kept) return null;
  requireSameInput(key, kept.inputDigest, inputDigest);
  const generation = await store.generations.byId(String(kept.result.generationId));
  if (!generation) throw new PalateError('NOT_FOUND', `The generation made for the key "${key}" was erased.`);
  return generation;
}
