/** Which candidates are written with the member's encoder, which explore, and which are the bare model's. */
import type { Random } from '../../common/random.js';
import type { CandidateRole } from '../../contract/generated/types.js';

export interface RoleRequest {
  count: number;
  /** False: the caller wants the bare model. */
  personalized: boolean;
  /** False: the caller wants nothing but the member's taste. */
  explore: boolean;
  /** A checkpoint is loaded, so prefixes can be written. */
  steerable: boolean;
  /** The member has an encoder above the prior. */
  learned: boolean;
}

/**
 * Share of a learned member's generations that compare with the bare model, from which the win rate is counted. The draw knows nothing
 * of the member's votes, so the rate is an honest estimate: were there more or fewer such comparisons after a win, it would lean.
 */
export const BASE_SHARE = 0.2;

/**
 * One role a candidate, not yet shuffled. The first half (rounded up) is what the member would be served, the rest is what it is
 * compared with: one kind a generation, so that a win over it is not a matter of numbers.
 */
export function chooseRoles(request: RoleRequest, random: Random): CandidateRole[] {
  const { count, personalized, explore, steerable, learned } = request;
  const all = (role: CandidateRole) => new Array<CandidateRole>(count).fill(role);
  if (!personalized || !steerable) return all('BASE');
  const served: CandidateRole = learned ? 'PERSONAL' : 'BASE';
  if (!explore) return all(served);
  const compared: CandidateRole = learned && random.uniform() < BASE_SHARE ? 'BASE' : 'EXPLORE';
  return all(served).fill(compared, Math.ceil(count / 2));
}
