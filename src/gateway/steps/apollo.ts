/** Apollo Server, which executes every query and mutation. It answers nobody itself: what comes before it and behind it are steps. */
import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Limits } from '../../common/config.js';
import type { Log } from '../../common/log.js';
import type { Context } from '../context.js';
import { documentLimits } from './document-limits.js';
import type { Documents } from './documents.js';
import { introspectionLimit } from './introspection-limit.js';

export type Apollo = ApolloServer<Context>;

export function createApollo(schema: GraphQLSchema, documents: Documents, limits: Limits, log: Log): Apollo {
  return new ApolloServer<Context>({
    schema,
    documentStore: documents,
    // For the document that was pushed out of the store between two steps: it is read again as the steps read it.
    parseOptions: { maxTokens: limits.documentTokens },
    validationRules: [documentLimits(limits), introspectionLimit],
    // Nothing may be cached, so nothing has to count for how long: that would wrap every resolver.
    plugins: [ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled()],
    // As it was thrown: wording it is a step of its own.
    formatError: (_, error) => error as GraphQLFormattedError,
    logger: log,
    // Only those with a key come this far, and they may look at the whole contract.
    introspection: true,
    // Pages are refused by their origin, and bodies by their type, before anything is read.
    csrfPrevention: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    nodeEnv: 'production',
  });
}
