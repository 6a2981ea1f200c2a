/** Going on with a reply that reached its length: the same latent, and what is written of it so far. */
import { PalateError } from '../../common/errors.js';
import type { CandidateRole } from '../../contract/generated/types.js';
import type { ContinuableCandidate, KeptLatent } from '../../store/generations.js';
import type { Store } from '../../store/store.js';
import { isId } from '../ids.js';

export interface Continuation {
  memberId: string;
  role: CandidateRole;
  /** Null: the bare model. */
  latent: Float32Array | null;
  /** All tokens of the reply so far. */
  written: number[];
  encoderVersion: number;
}

/** What is served now, which a reply must have been written with to be gone on with. */
export interface Serving {
  modelDigest: string;
  /** Null without a checkpoint. */
  checkpointDigest: string | null;
}

/**
 * @param memberId null for one that is not known
 * @throws PalateError NOT_FOUND where the member has no such candidate; CONFLICT where it did not end with LENGTH, its text was erased,
 *   or the model or the checkpoint is another one
 */
export async function findContinuation(
  store: Pick<Store, 'generations'>,
  candidateId: string,
  memberId: string | null,
  serving: Serving,
): Promise<Continuation> {
  const candidate = isId(candidateId) ? await store.generations.continuable(candidateId) : null;
  if (!candidate || candidate.memberId !== memberId) {
    throw new PalateError('NOT_FOUND', `This member has no candidate ${candidateId}. Check the id in continues.`);
  }
  const hindrance = hindranceOf(candidate, serving);
  if (hindrance) throw new PalateError('CONFLICT', `The candidate cannot be gone on with: ${hindrance}. Ask anew.`);
  const { role, latent, encoderVersion, written, tokenIds } = candidate;
  return { memberId, role, latent: latent && floatsOf(latent), encoderVersion, written: [...written, ...tokenIds] };
}

function hindranceOf(candidate: ContinuableCandidate, { modelDigest, checkpointDigest }: Serving): string | null {
  const { finishReason, expiredAt, role, latent } = candidate;
  if (expiredAt) return 'its text was erased, because it had become old';
  if (finishReason !== 'LENGTH') return `it ended with ${finishReason}, and only what ended with LENGTH goes on`;
  if (candidate.modelDigest !== modelDigest) return 'another language model serves since';
  if (role === 'BASE') return null;
  if (!latent) return 'what it was written behind was not kept yet when it was made';
  return latent.checkpoint === checkpointDigest ? null : 'another checkpoint serves since';
}

/** What is kept of a latent. */
export function keptLatent(latent: Float32Array, checkpoint: string): KeptLatent {
  const bytes = new Uint8Array(latent.length * 4);
  const view = new DataView(bytes.buffer);
  latent.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return { bytes, checkpoint };
}

function floatsOf({ bytes }: KeptLatent): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
