/** What an adapter reaches on prompts it never saw: reconstruction and response. */
import type { PosteriorHeads, Projection } from '../../posterior.js';
import { posteriorOf, projectPrompt, projectReply } from '../../posterior.js';
import { evaluateReconstruction, type Reconstruction, type ScoringTools } from '../evaluation.js';
import type { ClapSample, SampledFeatures } from '../samples.js';
import { measureResponse, type ResponseMeasure } from './measure.js';
import type { AdapterValues, OnPolicy } from './on-policy.js';

export interface Reached {
  reconstruction: Reconstruction;
  response: ResponseMeasure;
}

/** Prompts that are kept aside, with the model's own replies and the features of both. */
export interface HeldOut {
  samples: readonly ClapSample[];
  features: readonly SampledFeatures[];
}

export interface ReachTools extends ScoringTools {
  encoder: Projection & PosteriorHeads;
  policy: OnPolicy;
  seed: number;
  decode: (tokens: number[]) => string;
  /** @param done prompts */
  onProgress: (done: number) => void;
}

export async function reach(
  adapter: AdapterValues,
  { samples, features }: HeldOut,
  tools: ReachTools,
): Promise<Reached> {
  const { encoder, policy, onProgress } = tools;
  const latents = features.map(({ prompt, replies }) => {
    const expected = projectPrompt(encoder, prompt);
    return replies.map((reply) => posteriorOf(encoder, projectReply(encoder, reply), expected).mean);
  });
  onProgress(0);
  return {
    reconstruction: await evaluateReconstruction(adapter, samples, latents, tools),
    response: await measureResponse(policy, adapter, samples, { ...tools, latent: tools.sizes.latent }, onProgress),
  };
}

/** The numbers worth seeing while a run goes on. */
export function reachedFacts({ reconstruction, response }: Reached) {
  const { slope, error, drift, distinct2 } = response;
  const { own, other, zero, none } = reconstruction;
  return { slope, error, drift, distinct2, own, other, zero, none };
}
