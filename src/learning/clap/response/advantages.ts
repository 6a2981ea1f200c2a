/** What a reply earns that was written behind z or -z while the response is trained (docs/method.md 2, response). */

export interface SignedReply {
  /** 1 for a reply behind z, -1 for one behind -z. */
  sign: 1 | -1;
  /** Its posterior mean along z's direction. */
  projection: number;
  /** Its negative log-likelihood a token under the untouched model, in nat. */
  drift: number;
}

/** Keeps replies that all earn alike from being blown up. */
const SMALLEST_DEVIATION = 1e-6;

/**
 * How much better each reply is than those behind the same latent: reward = sign · projection - driftWeight · drift, less the mean of its
 * sign, over the standard deviation of all. Sums to 0 within each sign.
 */
export function responseAdvantages(replies: readonly SignedReply[], driftWeight: number): Float32Array {
  const rewards = replies.map(({ sign, projection, drift }) => sign * projection - driftWeight * drift);
  const meanOf = (sign: number) => {
    const own = rewards.filter((_, i) => replies[i].sign === sign);
    return own.reduce((sum, reward) => sum + reward, 0) / own.length;
  };
  const means = { 1: meanOf(1), '-1': meanOf(-1) };
  const centred = rewards.map((reward, i) => reward - means[replies[i].sign]);
  const deviation = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0) / centred.length);
  return Float32Array.from(centred, (value) => value / (deviation + SMALLEST_DEVIATION));
}
