/** From a verdict to pairs of candidates, as members see them, and to a vote on posteriors, as the encoder learns from it. */
import { PalateError } from '../../common/errors.js';
import type { Verdict } from '../../contract/generated/types.js';
import { type Posterior, standardNormal } from '../../learning/posterior.js';
import { choiceOf, dislikedOf, likedOf, pairWeight, tieOf, type Vote } from '../../learning/votes.js';
import type { PairWeights } from '../../store/feedback.js';

export interface CandidatePair {
  chosenId: string;
  rejectedId: string;
  weight: number;
}

/**
 * The candidate a verdict is about; null for TIE and ALL_BAD.
 * @throws PalateError BAD_USER_INPUT when verdict, candidates and choice do not go together
 */
export function judgedCandidate(
  verdict: Verdict,
  candidateIds: readonly string[],
  chosenId: string | null | undefined,
): string | null {
  if (chosenId != null && !candidateIds.includes(chosenId)) {
    throw new PalateError(
      'BAD_USER_INPUT',
      `The candidate ${chosenId} does not belong to this generation. Name one of its candidates: ${candidateIds.join(', ')}.`,
    );
  }
  const several = candidateIds.length > 1;
  switch (verdict) {
    case 'CHOSEN':
      if (!several) throw refused('CHOSEN needs at least two candidates. Judge a single one as GOOD or BAD.');
      if (chosenId == null) throw refused('CHOSEN needs chosenCandidateId. Name the candidate that was preferred.');
      return chosenId;
    case 'GOOD':
    case 'BAD':
      if (chosenId == null && several) {
        throw refused(`${verdict} is about one candidate of several. Name it in chosenCandidateId.`);
      }
      return chosenId ?? candidateIds[0];
    case 'TIE':
      if (!several) throw refused('TIE needs at least two candidates. Judge a single one as GOOD or BAD.');
      break;
    case 'ALL_BAD':
      break;
  }
  if (chosenId != null) throw refused(`${verdict} prefers no candidate. Leave chosenCandidateId out.`);
  return null;
}

/** CHOSEN: the chosen candidate against every other one. The other verdicts make no pair of candidates. */
export function candidatePairs(
  verdict: Verdict,
  candidateIds: readonly string[],
  judgedId: string | null,
  factors: PairWeights | null = null,
): CandidatePair[] {
  if (verdict !== 'CHOSEN' || judgedId === null) return [];
  const weight = pairWeight(candidateIds.length);
  return candidateIds
    .filter((id) => id !== judgedId)
    .map((rejectedId) => ({ chosenId: judgedId, rejectedId, weight: weight * (factors?.[rejectedId] ?? 1) }));
}

/**
 * The verdict as the learning sees it, by the candidates' posteriors, in order of index; null where there is nothing to compare. A
 * candidate without a posterior (an empty reply) is not compared, and nothing is known from its being judged. ALL_BAD says nothing of
 * taste: what all replies to a prompt have in common is mostly the prompt.
 */
export function voteOf(
  verdict: Verdict,
  posteriors: ReadonlyMap<string, Posterior | null>,
  judgedId: string | null,
  factors: PairWeights | null = null,
): Vote | null {
  const ids = [...posteriors.keys()];
  const written = [...posteriors.values()].filter((posterior) => posterior !== null);
  if (verdict === 'TIE') return written.length > 1 ? tieOf(written) : null;
  const judged = judgedId === null ? null : posteriors.get(judgedId);
  if (judgedId === null || !judged) return null;
  const factor = (id: string) => factors?.[id] ?? 1;
  if (verdict !== 'CHOSEN') {
    if (factor(judgedId) <= 0) return null;
    return verdict === 'GOOD' ? likedOf(judged, factor(judgedId)) : dislikedOf(judged, factor(judgedId));
  }
  const nothing = standardNormal(judged.mean.length);
  const options = ids.map((id) => posteriors.get(id) ?? nothing);
  const counts = ids.map((id) => (posteriors.get(id) ? factor(id) : 0));
  return counts.some((count, i) => count > 0 && ids[i] !== judgedId)
    ? choiceOf(options, ids.indexOf(judgedId), counts)
    : null;
}

function refused(message: string): PalateError {
  return new PalateError('BAD_USER_INPUT', message);
}
