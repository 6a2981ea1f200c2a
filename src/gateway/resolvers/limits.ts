/** The limits that this process keeps. */
import { LIMIT_TEXTS, type LimitName } from '../../common/limit-texts.js';
import type { Resolvers } from '../context.js';

const NAMES = Object.keys(LIMIT_TEXTS) as LimitName[];

export const limits = {
  Query: {
    limits: (_, __, { limits }) => {
      return NAMES.map((name) => ({ name, value: limits[name], ...LIMIT_TEXTS[name] }));
    },
  },
} satisfies Resolvers;
