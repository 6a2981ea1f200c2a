/** What a CLaP run is told, its defaults, and what it works with. */
import type { LanguageModelFile } from '../../language-model/model.js';
import type { GraphThread } from '../../runtime/graph-thread.js';
import type { LanguageModelRuntime } from '../../runtime/types.js';
import type { reachedFacts } from './response/reached.js';
import { RESPONSE_DEFAULTS, type ResponseSettings } from './response/settings.js';
import type { ResponseReport } from './response/trainer.js';
import type { StepReport, TrainerSettings } from './trainer.js';

export interface PretrainSettings extends TrainerSettings {
  prompts: number;
  /** Further prompts that are only evaluated on. */
  validation: number;
  repliesPerPrompt: number;
  /** A prompt's replies end at one of these, in tokens, so that texts of several lengths take part. */
  lengths: readonly number[];
  /** Cooler than what is served: the fewer tokens are accidents, the more of a reply its latent can tell. */
  temperature: number;
  topP: number;
  latent: number;
  middle: number;
  projected: number;
  batch: number;
  /** Reply tokens that the decoder is trained to reconstruct; features are read from whole replies. */
  tokens: number;
  /** Steps between saved states. */
  saveEvery: number;
  /** The stage behind CLaP that raises the response. */
  response: ResponseSettings;
}

/** What docs/method.md 2 found to start well, at the size of SmolLM2-135M. */
export const PRETRAIN_DEFAULTS: PretrainSettings = {
  seed: 1,
  prompts: 320,
  validation: 16,
  repliesPerPrompt: 12,
  lengths: [28, 36, 48],
  temperature: 0.85,
  topP: 0.95,
  latent: 32,
  middle: 64,
  projected: 128,
  batch: 8,
  tokens: 28,
  steps: 500,
  learningRate: 2e-3,
  headLearningRate: 1e-3,
  clip: 1,
  shrinkShare: 0.4,
  saveEvery: 20,
  response: RESPONSE_DEFAULTS,
};

export interface PretrainTools {
  file: LanguageModelFile;
  runtime: LanguageModelRuntime;
  thread: GraphThread;
  /** Compiled graphs; shared with serving. */
  cacheFolder: string;
  /** Samples, features, states and the log of this run. */
  workFolder: string;
  threads: number;
  onProgress(
    stage: 'sample' | 'read' | 'train' | 'respond' | 'evaluate',
    done: number,
    total: number,
    report?: StepReport | ResponseReport | ReturnType<typeof reachedFacts>,
  ): void;
  signal?: AbortSignal;
}
