/** What goes to the training thread and what comes back. Everything here survives structured cloning. */
import type { PersonalEncoder } from '../../learning/encoder.js';
import type { FitStep } from '../../learning/estimators.js';
import type { BroughtPrior } from '../../learning/latent-dpo.js';
import type { Vote } from '../../learning/votes.js';

export interface TrainingRequest {
  /** At least one, in an order that depends on nothing but the set of verdicts. */
  votes: Vote[];
  seed: string;
  /** The taste that the encoder starts from, where the member brought one; else it starts from N(0, I). */
  prior?: BroughtPrior;
}

export interface TrainingOutcome {
  encoder: PersonalEncoder;
  /** The quality gate's word, and why. */
  accepted: boolean;
  reason: string;
  /** Null where nothing was fitted. */
  loss: number | null;
  accuracy: number | null;
  totalSteps: number;
}

/** Trains off the main thread. Rejects with what went wrong. */
export type Train = (request: TrainingRequest, onStep?: (step: FitStep) => void) => Promise<TrainingOutcome>;

export interface TrainingMessage {
  id: number;
  request: TrainingRequest;
}

export type TrainingReply =
  | { kind: 'step'; id: number; step: FitStep }
  | { kind: 'done'; id: number; outcome: TrainingOutcome }
  | { kind: 'failed'; id: number; message: string };
