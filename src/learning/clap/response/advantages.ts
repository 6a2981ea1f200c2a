/** What a reply earns that was written behind z or -z while the response is trained (docs/method.md 2, response). */

export interface SignedReply {
  /** 1 for a reply behind z, -1 for one behind -z. */
  sign: 1 | -1;
  /** Its posterior mean along z's direction. */
  projection: number;
  /** Its negative log-likelihood a token under the untouched model, in nat. */
  drift: number;
}

/** Rewards that differ by less are alike: what is left of them is rounding, and would be blown up. */
const SMALLEST_DEVIATION = 1e-6;

/**
 * How much better each reply is than those behind the same latent: reward = sign · projection - driftWeight · drift, less the mean of its
 * sign, over the standard deviation of all. Sums to 0 within each sign. A reply that has no token earns nothing and takes no part; where
 * all earn alike, or a reward is not finite, every advantage is 0.
 * @param replies undefined where one has no token
 */
export function responseAdvantages(replies: readonly (SignedReply | undefined)[], driftWeight: number): Float32Array {
  const rewardOf = ({ sign, projection, drift }: SignedReply) => sign * projection - driftWeight * drift;
  const written = replies.filter((reply) => reply !== undefined);
  const meanOf = (sign: number) => {
    const own = written.filter((reply) => reply.sign === sign);
    return own.reduce((sum, reply) => sum + rewardOf(reply), 0) / own.length;
  };
  const means = { 1: meanOf(1), '-1': meanOf(-1) };
  const centred = replies.map((reply) => (reply ? rewardOf(reply) - means[reply.sign] : 0));
  const deviation = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0) / written.length);
  const told = deviation > SMALLEST_DEVIATION && Number.isFinite(deviation);
  return Float32Array.from(centred, (value) => (told ? value / deviation : 0));
}
