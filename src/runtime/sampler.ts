/** Picks the next token from logits: temperature, min-p, nucleus (top-p), a seed a row. */
import type { Random } from '../common/random.js';

/** Tokens less likely than e^-16 of the best one are never drawn: all of a vocabulary of 49,152 together would weigh half a percent of it. */
const RANGE = 16;
const BINS = 256;

/**
 * Draws from the smallest set of most likely tokens whose mass reaches `topP`, out of those at least `minP` times as likely
 * as the best. Tokens are binned by log-probability, so that only one bin is ever sorted.
 * @param logits of one row, the greatest of them finite
 */
export function sampleToken(logits: Float32Array, { temperature, topP, minP }: Sampling, random: Random): number {
  const best = argmax(logits);
  const inverse = 1 / temperature;
  // Of a temperature too small to divide by, the most likely token is the limit.
  if (temperature <= 0 || inverse === Infinity) return best;
  const range = Math.min(RANGE, -Math.log(minP));
  const row = { logits, top: logits[best], inverse, range };
  const masses = binMasses(row);
  const wanted = topP * masses.reduce((sum, mass) => sum + mass, 0);
  let above = 0;
  let edge = 0;
  while (edge < BINS - 1 && above + masses[edge] < wanted) above += masses[edge++];
  // The nucleus ends inside the edge bin: its most likely tokens complete it.
  const border = heaviest(tokensOfBin(row, edge), wanted - above);
  const mass = above + border.reduce((sum, token) => sum + token.weight, 0);
  let threshold = random.uniform() * mass;
  for (let bin = 0; bin < edge; bin++) {
    if (threshold < masses[bin]) return pick(tokensOfBin(row, bin), threshold);
    threshold -= masses[bin];
  }
  return pick(border, threshold);
}

/** How freely the next token is drawn. */
export interface Sampling {
  /** 0 takes the most likely token. */
  temperature: number;
  /** Nucleus mass in (0, 1]. */
  topP: number;
  /** In [0, 1]: tokens less than this times as likely as the best are never drawn (arXiv 2407.01082). */
  minP: number;
}

interface LogitRow {
  logits: Float32Array;
  top: number;
  /** 1 / temperature. */
  inverse: number;
  /** How far below the best, in natural logarithms, a token may lie. */
  range: number;
}

interface WeightedToken {
  token: number;
  weight: number;
}

function binMasses({ logits, top, inverse, range }: LogitRow): Float64Array {
  const masses = new Float64Array(BINS);
  for (let i = 0; i < logits.length; i++) {
    const below = (top - logits[i]) * inverse;
    if (below <= range) masses[binOf(below)] += Math.exp(-below);
  }
  return masses;
}

function tokensOfBin({ logits, top, inverse, range }: LogitRow, bin: number): WeightedToken[] {
  const tokens: WeightedToken[] = [];
  for (let i = 0; i < logits.length; i++) {
    const below = (top - logits[i]) * inverse;
    if (below <= range && binOf(below) === bin) {
      tokens.push({ token: i, weight: Math.exp(-below) });
    }
  }
  return tokens;
}

const binOf = (below: number): number => Math.min(BINS - 1, (below * (BINS / RANGE)) | 0);

/** The most likely tokens of a bin until their mass reaches `wanted`. */
function heaviest(tokens: WeightedToken[], wanted: number): WeightedToken[] {
  tokens.sort((a, b) => b.weight - a.weight || a.token - b.token);
  let mass = 0;
  let kept = 0;
  while (kept < tokens.length && (kept === 0 || mass < wanted)) mass += tokens[kept++].weight;
  return tokens.slice(0, kept);
}

function pick(tokens: readonly WeightedToken[], threshold: number): number {
  let rest = threshold;
  for (const { token, weight } of tokens) {
    rest -= weight;
    if (rest < 0) return token;
  }
  return tokens[tokens.length - 1].token;
}

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}
