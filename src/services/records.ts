/** Stored records as views. */
import type { CandidateRecord, GenerationRecord } from '../store/generations.js';
import type { TrainingJobRecord } from '../store/training-jobs.js';
import type { CandidateView, GenerationView, TrainingJobView } from './views.js';

export function candidateView({ tokenIds, ...candidate }: CandidateRecord): CandidateView {
  return { ...candidate, tokens: tokenIds.length };
}

export function generationView(generation: GenerationRecord): GenerationView {
  const { id, memberId, prompt, encoderVersion, model, createdAt } = generation;
  return {
    id,
    memberId,
    prompt,
    candidates: generation.candidates.map(candidateView),
    encoderVersion,
    model,
    createdAt,
  };
}

export function trainingJobView(job: TrainingJobRecord): TrainingJobView {
  const { id, memberId, status, step, totalSteps, loss, accuracy, pairCount, encoderVersion, durationMs, error } = job;
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
    createdAt: job.createdAt,
  };
}
