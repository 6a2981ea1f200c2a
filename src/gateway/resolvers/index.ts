/** The fields of schema.graphql, each a thin step to the services: one file for each part of the contract. */
import type { Complete } from './complete.js';
import { errors } from './errors.js';
import { feedback } from './feedback.js';
import { generations } from './generations.js';
import { keys } from './keys.js';
import { limits } from './limits.js';
import { members } from './members.js';
import { mergeResolvers } from './merge.js';
import { plugins } from './plugins.js';
import { pool } from './pool.js';
import { rights } from './rights.js';
import { scalars } from './scalars.js';
import { storage } from './storage.js';
import { tasteMaps } from './taste-maps.js';
import { training } from './training.js';
import { viewer } from './viewer.js';

const parts = [
  scalars,
  generations,
  feedback,
  members,
  keys,
  rights,
  training,
  pool,
  errors,
  plugins,
  storage,
  tasteMaps,
  limits,
  viewer,
] as const;

// Does not compile while a field of the contract is served by nothing, or with a value that does not fit; the message names it.
export const resolvers: Complete<typeof parts> = mergeResolvers(parts);
