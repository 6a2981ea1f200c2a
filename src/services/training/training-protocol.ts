/** What goes to the training thread and what comes back. Everything here survives structured cloning. */
import type { PersonalEncoder } from '../../learning/encoder.js';
import type { BroughtPrior } from '../../learning/latent-dpo.js';
import type { LatentPair } from '../preferences/pairing.js';

export interface TrainingRequest {
  /** The pairs of each verdict, in an order that depends on nothing but the set of verdicts. */
  verdicts: LatentPair[][];
  seed: string;
  /** The taste that the encoder starts from, where the member brought one; else it starts from N(0, I). */
  prior?: BroughtPrior;
}

export interface TrainingStep {
  step: number;
  totalSteps: number;
  loss: number;
  accuracy: number;
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
export type Train = (request: TrainingRequest, onStep?: (step: TrainingStep) => void) => Promise<TrainingOutcome>;

export interface TrainingMessage {
  id: number;
  request: TrainingRequest;
}

export type TrainingReply =
  | { kind: 'step'; id: number; step: TrainingStep }
  | { kind: 'done'; id: number; outcome: TrainingOutcome }
  | { kind: 'failed'; id: number; message: string };
