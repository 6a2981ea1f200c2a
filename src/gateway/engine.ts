/** GraphQL execution for every way in: the same schema, limits and errors over HTTP, over WebSocket and inside the process. */
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import {
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  getOperationAST,
  OperationTypeNode,
  parse,
  specifiedRules,
  subscribe,
  validate,
} from 'graphql';
import type { Limits } from '../common/config.js';
import { PalateError } from '../common/errors.js';
import type { Log } from '../common/log.js';
import type { Context } from './context.js';
import { DocumentCache } from './document-cache.js';
import { documentLimits } from './document-limits.js';
import { formatError } from './errors.js';
import type { SchemaExtension } from './extension.js';
import { introspectionLimit } from './introspection-limit.js';
import { checkOperationCost } from './operation-cost.js';
import { createSchema } from './schema.js';

export interface GraphQLRequest {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
}

export interface ResultIterator extends AsyncIterableIterator<FormattedExecutionResult, void, undefined> {
  return(): Promise<IteratorResult<FormattedExecutionResult, void>>;
}

export interface Engine {
  readonly schema: GraphQLSchema;
  /** Answers HTTP requests. */
  readonly apollo: ApolloServer<Context>;
  /** Counts, parses and checks a request that does not come through Apollo; errors are the caller's, unformatted. */
  prepare(request: GraphQLRequest, context: Context): ExecutionArgs | readonly GraphQLError[];
  /** Runs a query or mutation. */
  execute(request: GraphQLRequest, context: Context): Promise<FormattedExecutionResult>;
  /** Runs a subscription; refused ones yield their errors once. Ending the iteration ends the subscription. */
  subscribe(request: GraphQLRequest, context: Context): ResultIterator;
  format(errors: readonly unknown[]): GraphQLFormattedError[];
}

export interface EngineParts {
  limits: Limits;
  log: Log;
  extensions?: readonly SchemaExtension[];
  /** Told the code of every error that is answered. */
  onError?: (code: string) => void;
}

export function createEngine({ limits, log, extensions, onError }: EngineParts): Engine {
  const schema = createSchema(extensions, limits);
  const rules = [documentLimits(limits), introspectionLimit];
  const parseOptions = { maxTokens: limits.documentTokens };
  const valid = new DocumentCache();
  const formatOne = (error: unknown) => {
    const formatted = formatError(error, log);
    onError?.(String(formatted.extensions?.code));
    return formatted;
  };
  const format = (errors: readonly unknown[]) => errors.map(formatOne);
  const formatResult = (result: ExecutionResult): FormattedExecutionResult => ({
    ...(result.errors && { errors: format(result.errors) }),
    ...(result.data !== undefined && { data: result.data }),
  });

  const costPlugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation, request }) => {
        if (operation?.operation === OperationTypeNode.SUBSCRIPTION) throw answeredOnce();
        if (operation) checkOperationCost({ schema, document, operation, variables: request.variables }, limits);
      },
    }),
  };
  const apollo = new ApolloServer<Context>({
    schema,
    // Nothing may be cached, so nothing has to count for how long: that would wrap every resolver.
    plugins: [costPlugin, ApolloServerPluginLandingPageDisabled(), ApolloServerPluginCacheControlDisabled()],
    validationRules: rules,
    parseOptions,
    formatError: (_, error) => formatOne(error),
    logger: log,
    // Only those with a key come this far, and they may look at the whole contract.
    introspection: true,
    csrfPrevention: true,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    nodeEnv: 'production',
  });

  function prepare(request: GraphQLRequest, context: Context): ExecutionArgs | readonly GraphQLError[] {
    try {
      context.quotas.operation(context.viewer);
      const known = valid.get(request.query);
      const document = known ?? parse(request.query, parseOptions);
      const errors = known ? [] : validate(schema, document, [...specifiedRules, ...rules]);
      if (errors.length > 0) return errors;
      if (!known) valid.set(request.query, document);
      const operation = getOperationAST(document, request.operationName);
      if (!operation) return [new GraphQLError('The document holds no operation of this name. Give operationName.')];
      const variableValues = request.variables;
      checkOperationCost({ schema, document, operation, variables: variableValues }, limits);
      return { schema, document, operationName: request.operationName, variableValues, contextValue: context };
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      if (error instanceof PalateError) return [new GraphQLError(error.message, { originalError: error })];
      throw error;
    }
  }

  /** The results of a subscription; of one that is refused, the refusal. */
  async function open(request: GraphQLRequest, context: Context): Promise<AsyncIterator<ExecutionResult, void>> {
    const prepared = prepare(request, context);
    const results = 'schema' in prepared ? await subscribe(prepared) : { errors: prepared };
    return Symbol.asyncIterator in results ? results : once(results);
  }

  return {
    schema,
    apollo,
    prepare,
    format,
    async execute(request, context) {
      const prepared = prepare(request, context);
      if (!('schema' in prepared)) return { errors: format(prepared) };
      if (getOperationAST(prepared.document, request.operationName)?.operation === OperationTypeNode.SUBSCRIPTION) {
        return { errors: format([answeredOnce()]) };
      }
      return formatResult(await execute(prepared));
    },
    subscribe(request, context) {
      // Not an async generator: those keep a return() waiting until a next() that is under way has its event.
      const opened = open(request, context);
      return {
        async next() {
          try {
            const { done, value } = await (await opened).next();
            return done ? { done, value: undefined } : { done: false, value: formatResult(value) };
          } catch (error) {
            await this.return();
            return { done: false, value: { errors: format([error]) } };
          }
        },
        async return() {
          await (await opened).return?.();
          return { done: true, value: undefined };
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  };
}

function answeredOnce(): GraphQLError {
  return new GraphQLError('A subscription has no single answer. Send it over WebSocket (graphql-transport-ws).', {
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });
}

async function* once<T>(value: T): AsyncGenerator<T, void> {
  yield value;
}
