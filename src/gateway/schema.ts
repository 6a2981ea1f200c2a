/** Reads schema.graphql, the one statement of the contract, and joins it with the resolvers. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { PalateError } from '../common/errors.js';
import { resolvers } from './resolvers.js';

/** The text of schema.graphql, found from this file upwards: beside src/ in a checkout, beside dist/ in a build. */
export function readTypeDefinitions(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'schema.graphql');
    if (existsSync(path)) return readFileSync(path, 'utf8');
    if (folder === dirname(folder)) {
      throw new PalateError('INTERNAL', 'schema.graphql is missing from the installation. Install Palate again.');
    }
  }
}

export function createSchema(): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: readTypeDefinitions(),
    resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
}
