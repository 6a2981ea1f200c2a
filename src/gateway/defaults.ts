/** The defaults of the contract as this gateway's operator set them: what a caller leaves out must not come from the file. */
import type { GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { Limits } from '../common/config.js';

/** Fields whose `first` is a page of the usual size, or of the largest. */
const PAGES = [
  ['Query', 'generations', 'pageSizeDefault'],
  ['Query', 'feedback', 'pageSizeDefault'],
  ['Query', 'trainingJobs', 'pageSizeDefault'],
  ['Encoder', 'versions', 'pageSizeDefault'],
  ['Query', 'storage', 'pageSizeMaximum'],
] as const;

/** States the limits' defaults in the schema, in place; an explorer then shows them too. */
export function stateDefaults(schema: GraphQLSchema, limits: Limits): GraphQLSchema {
  const defaults = {
    candidateCount: limits.candidateCountDefault,
    maxTokens: limits.maxTokensDefault,
    temperature: limits.temperatureDefault,
    topP: limits.topPDefault,
    minP: limits.minPDefault,
    dryMultiplier: limits.dryMultiplierDefault,
    strength: limits.strengthDefault,
  };
  const input = (schema.getType('GenerateInput') as GraphQLInputObjectType).getFields();
  for (const [field, value] of Object.entries(defaults)) input[field].defaultValue = value;
  for (const [type, field, limit] of PAGES) {
    const { args } = (schema.getType(type) as GraphQLObjectType).getFields()[field];
    for (const argument of args) if (argument.name === 'first') argument.defaultValue = limits[limit];
  }
  return schema;
}
