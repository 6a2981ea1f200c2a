/**
 * From the posterior over a taste to the encoder that serves (docs/method.md 3): which way its mean points, and how far. How far follows
 * evidence. The posterior's own mean does not: votes at random agree by chance in some direction, and with fifty of them it is as long as
 * with ten that mean something.
 */
import { LEAST_LOG_VARIANCE, MEAN_BOUND, type PersonalEncoder } from './encoder.js';
import { addScaled, choleskyFactor, dot, logDeterminant, solveFactored } from './linear-algebra.js';
import { precisionOf, spectralPrior, type TasteGaussian, timesVector } from './taste-posterior.js';

/** Tastes as strong as the prior has them, and weaker ones; equally likely beforehand, with one of no strength at all. */
const SCALES = [0.01, 0.03, 0.1, 0.3, 1];
/** The evidence at which the mean has 1 - 1/e of its greatest length. */
const EVIDENCE_UNIT = 0.25;

/**
 * The length of E[θ] for somebody of whom it is not known how strong their taste is. A posterior behind the prior N(0, S) says that the
 * votes weigh like exp(gᵀθ - ½ θᵀFθ), with F = Σ⁻¹ - S⁻¹ and g = Σ⁻¹ m; behind N(0, c S) they would have been exp(e_c) times as likely as
 * by chance, e_c = ½ gᵀ(F + S⁻¹/c)⁻¹g - ½ log det(I + c S F), and θ's mean (F + S⁻¹/c)⁻¹g. Votes that agree as little as votes at random
 * do speak for a small c, the more so the more there are. 0 without votes.
 * @throws PalateError INTERNAL where the posterior is no Gaussian
 */
export function evidenceOf(posterior: TasteGaussian): number {
  const size = posterior.mean.length;
  const precision = precisionOf(posterior);
  const given = timesVector(precision, posterior.mean);
  const prior = spectralPrior(size).covariance;
  const beliefs = SCALES.flatMap((scale) => {
    const behind = { ...precision, data: precision.data.slice() };
    let logPrior = 0;
    for (let k = 0; k < size; k++) {
      const variance = prior.data[k * (size + 1)];
      behind.data[k * (size + 1)] += (1 / scale - 1) / variance;
      logPrior += Math.log(scale * variance);
    }
    const factor = choleskyFactor(behind);
    if (!factor) return [];
    const mean = solveFactored(factor, { rows: 1, columns: size, data: given }).data;
    return [{ mean, logLikelihood: (dot(given, mean) - logDeterminant(factor) - logPrior) / 2 }];
  });
  const most = beliefs.reduce((largest, { logLikelihood }) => Math.max(largest, logLikelihood), 0);
  const total = beliefs.reduce((sum, { logLikelihood }) => sum + Math.exp(logLikelihood - most), Math.exp(-most));
  const mean = new Float64Array(size);
  for (const belief of beliefs) addScaled(mean, belief.mean, Math.exp(belief.logLikelihood - most) / total);
  return Math.hypot(...mean);
}

/** The part of the greatest length that so much evidence earns: 0 for none, rising, below 1. */
export function strengthOf(evidence: number): number {
  return -Math.expm1(-((evidence / EVIDENCE_UNIT) ** 2));
}

/**
 * The encoder that serves, a function of the posterior alone: its mean points the posterior's way and is as long as the evidence earns; its
 * variance along each latent is the share of the prior's that the votes have left, at the same strength.
 */
export function servedEncoder(posterior: TasteGaussian): PersonalEncoder {
  const { mean, covariance } = posterior;
  const size = mean.length;
  const length = Math.hypot(...mean);
  const strength = strengthOf(evidenceOf(posterior));
  const prior = spectralPrior(size).covariance;
  return {
    mean: Float32Array.from(mean, (value) => (length > 0 ? (strength * MEAN_BOUND * value) / length : 0)),
    logVariance: Float32Array.from({ length: size }, (_, k) => {
      const left = covariance.data[k * (size + 1)] / prior.data[k * (size + 1)];
      return Math.max(LEAST_LOG_VARIANCE, Math.min(0, Math.log(left) + 2 * Math.log(strength)));
    }),
    capacity: 'BIAS',
    posterior: { mean, covariance },
  };
}
