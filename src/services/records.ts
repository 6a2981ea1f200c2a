/** Stored records as views. */
import type { CandidateRecord, GenerationRecord } from '../store/generations.js';
import type { TrainingJobRecord } from '../store/training-jobs.js';
import type { CandidateView, GenerationView, TrainingJobView } from './views.js';

export function candidateView({ tokenIds, written: _, ...candidate }: CandidateRecord): CandidateView {
  return { ...candidate, tokens: tokenIds.length };
}

export function generationView(generation: GenerationRecord): GenerationView {
  const { id, memberId, prompt, encoderVersion, model, createdAt, expiredAt } = generation;
  return {
    id,
    memberId,
    prompt,
    candidates: generation.candidates.map(candidateView),
    encoderVersion,
    model,
    createdAt,
    expiredAt,
  };
}

export function trainingJobView(job: TrainingJobRecord): TrainingJobView {
  const { id, memberId, status, step, totalSteps, loss, accuracy, pairCount, encoderVersion, durationMs, error } = job;
  const { attempts, notBefore, createdAt } = job;
  return {
    id,
    memberId,
    status,
    step,
    totalSteps,
    loss,
    accuracy,
    pairCount,
    encoderVersion,
    durationMs,
    error,
    attempts,
    nextAttemptAt: notBefore,
    createdAt,
  };
}
