/** Stored records as the contract has them. */
import type { Candidate, Generation, TrainingJob } from '../contract/generated/types.js';
import type { CandidateRecord, GenerationRecord } from '../store/generations.js';
import type { TrainingJobRecord } from '../store/training-jobs.js';

export function candidateOf({ tokenIds, written: _, ...candidate }: CandidateRecord): Candidate {
  return { ...candidate, tokens: tokenIds.length };
}

export function generationOf({ modelDigest: _, candidates, ...generation }: GenerationRecord): Generation {
  return { ...generation, candidates: candidates.map(candidateOf) };
}

export function trainingJobOf({ position: _, notBefore, ...job }: TrainingJobRecord): TrainingJob {
  return { ...job, nextAttemptAt: notBefore };
}
