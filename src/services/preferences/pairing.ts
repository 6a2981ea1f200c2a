/** From a verdict to pairs: between candidates, as members see them, and between posteriors, as the encoder learns from them. */
import { PalateError } from '../../common/errors.js';
import type { Verdict } from '../../contract/generated/types.js';
import { type Posterior, standardNormal } from '../../learning/posterior.js';
import { pairWeight } from '../../learning/votes.js';
import type { PairWeights } from '../../store/feedback.js';

export interface CandidatePair {
  chosenId: string;
  rejectedId: string;
  weight: number;
}

export interface LatentPair {
  chosen: Posterior;
  rejected: Posterior;
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
 * The same in latent space, where GOOD and BAD set the reply against the prior N(0, I). A candidate without a posterior (an empty
 * reply) makes no pair, nor does one that counts nothing.
 */
export function latentPairs(
  verdict: Verdict,
  posteriors: ReadonlyMap<string, Posterior | null>,
  judgedId: string | null,
  factors: PairWeights | null = null,
): LatentPair[] {
  const judged = judgedId === null ? null : posteriors.get(judgedId);
  if (judgedId === null || !judged) return [];
  const prior = standardNormal(judged.mean.length);
  const weight = factors?.[judgedId] ?? 1;
  if (verdict === 'GOOD') return counting([{ chosen: judged, rejected: prior, weight }]);
  if (verdict === 'BAD') return counting([{ chosen: prior, rejected: judged, weight }]);
  const pairs = candidatePairs(verdict, [...posteriors.keys()], judgedId, factors);
  return counting(
    pairs.flatMap(({ rejectedId, weight }) => {
      const rejected = posteriors.get(rejectedId);
      return rejected ? [{ chosen: judged, rejected, weight }] : [];
    }),
  );
}

function counting(pairs: LatentPair[]): LatentPair[] {
  return pairs.filter(({ weight }) => weight > 0);
}

function refused(message: string): PalateError {
  return new PalateError('BAD_USER_INPUT', message);
}
