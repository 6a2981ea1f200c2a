/** Measures an adapter's response on prompts it never saw: replies behind opposite latents, and what they cost (docs/method.md 5). */
import { Random } from '../../../common/random.js';
import { distinct2 } from '../../diversity.js';
import type { ChatPrompt } from '../samples.js';
import { drawDirection } from './direction.js';
import type { AdapterValues, OnPolicy } from './on-policy.js';
import { type OpposedReplies, type ResponseSlope, responseSlope } from './slope.js';

export interface ResponseMeasure extends ResponseSlope {
  /** Negative log-likelihood a token of the replies under the untouched model, in nat, the mean over replies. */
  drift: number;
  /** Of all replies together. */
  distinct2: number;
  /** Length of the latents. */
  length: number;
  /** Tokens that a reply had at most. */
  tokens: number;
}

/** Length of z near that of a learned taste, and replies long enough to tell. */
const MEASURED = { directions: 4, length: 6.8, tokens: 40 };

/** The same seed, prompts and adapter give the same measure; other adapters are measured along the same directions. */
export async function measureResponse(
  policy: OnPolicy,
  adapter: AdapterValues,
  prompts: readonly ChatPrompt[],
  { seed, latent, decode }: { seed: number; latent: number; decode: (tokens: number[]) => string },
  onProgress: (done: number) => void,
): Promise<ResponseMeasure> {
  const { directions, length, tokens } = MEASURED;
  const pairs: OpposedReplies[] = [];
  const drifts: number[] = [];
  const texts: string[] = [];
  for (const [i, prompt] of prompts.entries()) {
    onProgress(i);
    const random = new Random(`${seed}/response/measure/${i}`);
    const drawn = Array.from({ length: directions }, () => drawDirection(random, latent).map((u) => u * length));
    const latents = [...drawn, ...drawn.map((z) => z.map((value) => -value))];
    const replies = await policy.write(adapter, prompt, latents, tokens, random);
    const judged = await policy.judge(prompt, replies);
    drawn.forEach((latent, d) => {
      const [plus, minus] = [judged[d]?.posterior.mean, judged[d + directions]?.posterior.mean];
      if (plus && minus) pairs.push({ prompt: i, latent, plus, minus });
    });
    drifts.push(...judged.flatMap((reply) => reply?.drift ?? []));
    texts.push(...replies.map(decode));
  }
  const drift = drifts.reduce((sum, value) => sum + value, 0) / drifts.length;
  return { ...responseSlope(pairs), drift, distinct2: distinct2(texts), length, tokens };
}
