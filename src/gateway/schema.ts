/** Joins the contract with the resolvers and with what plugins add. */
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { DEFAULT_LIMITS, type Limits } from '../common/config.js';
import { SDL } from '../contract/generated/schema.js';
import { ruleOf } from './access.js';
import { enforceAccess } from './access-check.js';
import { countObjects } from './answer-budget.js';
import { stateDefaults } from './defaults.js';
import { rulesOf, type SchemaExtension } from './extension.js';
import { resolvers } from './resolvers/index.js';
import { mergeResolvers } from './resolvers/merge.js';

export function createSchema(
  extensions: readonly SchemaExtension[] = [],
  limits: Limits = DEFAULT_LIMITS,
): GraphQLSchema {
  const schema = makeExecutableSchema({
    typeDefs: [SDL, ...extensions.map(({ typeDefs }) => typeDefs)],
    resolvers: mergeResolvers([resolvers, ...extensions.map((extension) => extension.resolvers)]),
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  const added = rulesOf(extensions);
  return enforceAccess(
    countObjects(stateDefaults(schema, limits)),
    (type, field) => ruleOf(type, field) ?? added(type, field),
  );
}
