/** The way of every operation, whichever transport it came by: HTTP, WebSocket, or a caller inside the process. */
import {
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  getOperationAST,
  OperationTypeNode,
  parse as parseDocument,
  subscribe,
  validate,
} from 'graphql';
import { PalateError } from '../../common/errors.js';
import { requireViewer } from '../auth.js';
import { checkOperationCost } from '../operation-cost.js';
import { documentLimits } from './document-limits.js';
import { introspectionLimit } from './introspection-limit.js';
import {
  type Answer,
  type IncomingOperation,
  type Operation,
  type Outcome,
  Refusal,
  type ResultIterator,
  type Shared,
  type Step,
} from './operation.js';

/** Who asks. HTTP shows its key with every operation; a WebSocket has shown it on opening, and a caller inside is known. */
const authenticate: Step = async (operation, shared) => {
  const { caller } = operation;
  operation.viewer = 'scope' in caller ? caller : await requireViewer(shared.authenticate, caller.authorization);
};

/** How often this key may ask. Before anything is read: what is over the quota costs next to nothing. */
const quota: Step = ({ viewer }, { quotas }) => quotas.operation(viewer);

/** What is asked: the document is GraphQL, fits the schema, and holds the operation that is named. */
const parse: Step = async (operation, { schema, documents, limits }) => {
  const request = await operation.read();
  const remembered = documents.recall(request.query);
  const document = remembered ?? parseDocument(request.query, { maxTokens: limits.documentTokens });
  if (!remembered) refuseFor(validate(schema, document));
  const definition = getOperationAST(document, request.operationName);
  if (!definition) throw new GraphQLError('The document holds no operation of this name. Give operationName.');
  Object.assign(operation, { request, document, definition, known: remembered !== undefined });
};

/** How deep, how aliased and how curious a document may be. One that passes is remembered, and read once. */
const limits: Step = ({ document, request, known }, { schema, documents, limits }) => {
  if (known) return;
  refuseFor(validate(schema, document, [documentLimits(limits), introspectionLimit]));
  documents.remember(request.query, document);
};

/** How much it may read and have written, with the variables it brought. */
const cost: Step = ({ document, definition, request }, { schema, limits }) =>
  checkOperationCost({ schema, document, operation: definition, variables: request.variables }, limits);

/** Queries and mutations are Apollo's; it knows no subscriptions, which are graphql-js' own. */
const execute: Step = async (operation, shared) => {
  if (operation.definition.operation !== OperationTypeNode.SUBSCRIPTION) {
    operation.outcome = await executeOnce(operation, shared);
  } else if (operation.streams) {
    operation.outcome = await open(operation, shared);
  } else {
    const message = 'A subscription has no single answer. Send it over WebSocket (graphql-transport-ws).';
    throw new PalateError('BAD_USER_INPUT', message);
  }
};

/** How it is told: every error with a code of the one list, and counted; nothing of our insides. */
const format: Step = (operation, shared) => {
  operation.answer = formatOutcome(operation.outcome, shared);
};

/** In this order. The first that throws refuses the operation; the last words every answer, refusals too. */
export const STEPS: readonly Step[] = [authenticate, quota, parse, limits, cost, execute, format];

/** Answers an operation; never rejects for what the caller did. */
export type AnswerOperation = (incoming: IncomingOperation) => Promise<Operation>;

/** Takes each operation through the steps. */
export function answerBySteps(shared: Shared): AnswerOperation {
  return async (incoming) => {
    const operation = { ...incoming } as Operation;
    try {
      for (const step of STEPS.slice(0, -1)) await step(operation, shared);
    } catch (error) {
      operation.outcome = { kind: 'refused', errors: error instanceof Refusal ? error.errors : [error] };
    }
    await format(operation, shared);
    return operation;
  };
}

/** @throws Refusal unless there are none */
function refuseFor(errors: readonly GraphQLError[]): void {
  if (errors.length > 0) throw new Refusal(errors);
}

async function executeOnce({ request, viewer, signal, http }: Operation, shared: Shared): Promise<Outcome> {
  const { query, variables, operationName } = request;
  const asked = { query, variables: variables ?? undefined, operationName: operationName ?? undefined, http };
  const { body, http: head } = await shared.apollo.executeOperation(asked, {
    contextValue: shared.contextFor(viewer, signal),
  });
  // The schema has no @defer.
  if (body.kind !== 'single') throw new Error('An answer in pieces was not asked for.');
  return { kind: 'single', result: body.singleResult as ExecutionResult, http: head };
}

async function open({ document, request, viewer, signal }: Operation, shared: Shared): Promise<Outcome> {
  const results = await subscribe({
    schema: shared.schema,
    document,
    operationName: request.operationName,
    variableValues: request.variables,
    contextValue: shared.contextFor(viewer, signal),
  });
  return Symbol.asyncIterator in results ? { kind: 'stream', results } : { kind: 'single', result: results, http: {} };
}

function formatOutcome(outcome: Outcome, shared: Shared): Answer {
  if (outcome.kind === 'refused') return { ...outcome, errors: outcome.errors.map(shared.formatError) };
  if (outcome.kind === 'single') return { ...outcome, result: formatResult(outcome.result, shared) };
  return { kind: 'stream', results: formatEach(outcome.results, shared) };
}

function formatResult({ errors, data }: ExecutionResult, { formatError }: Shared): FormattedExecutionResult {
  return { ...(errors && { errors: errors.map(formatError) }), ...(data !== undefined && { data }) };
}

/** Not an async generator: those keep a return() waiting until a next() that is under way has its event. */
function formatEach(results: AsyncIterator<ExecutionResult>, shared: Shared): ResultIterator {
  return {
    async next() {
      const { done, value } = await results.next();
      return done ? { done, value: undefined } : { done: false, value: formatResult(value, shared) };
    },
    async return() {
      await results.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
