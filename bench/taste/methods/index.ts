/** Every method of the bench, in the order of the table. A new one is a file here and a line below. */
import { PalateError } from '../../../src/common/errors.js';
import { bestOf, examplesInPrompt, oracleInstruction } from './bare-model.js';
import { latentDpo, meanDifference, served, tastePosterior } from './latent.js';
import type { Method } from './method.js';
import { untouched } from './untouched.js';

export const METHODS: readonly Method[] = [
  untouched,
  bestOf(4),
  examplesInPrompt,
  oracleInstruction,
  meanDifference,
  latentDpo,
  tastePosterior,
  served,
];

/** Those that have an opinion about replies that are written already. */
export const RANKING_METHODS: readonly Method[] = [meanDifference, latentDpo, tastePosterior, served];

/** What the others are set against. */
export const REFERENCE = served.name;

/** @throws PalateError BAD_USER_INPUT for a name that is none */
export function methodNamed(name: string): Method {
  const method = METHODS.find((known) => known.name === name);
  if (method) return method;
  const known = METHODS.map((one) => one.name).join(', ');
  throw new PalateError('BAD_USER_INPUT', `There is no method "${name}". There are: ${known}.`);
}
