/** Reads schema.graphql, the one statement of the contract, and joins it with the resolvers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { installationFolder } from '../common/installation.js';
import { ruleOf } from './access.js';
import { enforceAccess } from './access-check.js';
import { resolvers } from './resolvers/index.js';

export function createSchema(): GraphQLSchema {
  const schema = makeExecutableSchema({
    typeDefs: readFileSync(join(installationFolder(), 'schema.graphql'), 'utf8'),
    resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  return enforceAccess(schema, ruleOf);
}
