/** Every method of the bench, in the order of the table. A new one is a file here and a line below. */
import { PalateError } from '../../../src/common/errors.js';
import { bestOf, examplesInPrompt, oracleInstruction } from './bare-model.js';
import { type DpoSettings, dpo, dpoGrid } from './dpo.js';
import { latentDpo, meanDifference, served, tastePosterior } from './latent.js';
import { lora } from './lora.js';
import type { Method } from './method.js';
import { pTuning } from './p-tuning.js';
import { untouched } from './untouched.js';

/** Of the grid; the other points of it are methods by name. */
const LORA: DpoSettings = { beta: 0.1, learningRate: 5e-4, epochs: 3 };
const P_TUNING: DpoSettings = { beta: 0.1, learningRate: 5e-3, epochs: 3 };

export const METHODS: readonly Method[] = [
  untouched,
  bestOf(4),
  examplesInPrompt,
  oracleInstruction,
  dpo(lora, LORA),
  dpo(pTuning, P_TUNING),
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
  const method = [...METHODS, ...dpoGrid(lora), ...dpoGrid(pTuning)].find((known) => known.name === name);
  if (method) return method;
  const known = METHODS.map((one) => one.name).join(', ');
  throw new PalateError('BAD_USER_INPUT', `There is no method "${name}". There are: ${known}.`);
}
