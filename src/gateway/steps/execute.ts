import { type ExecutionResult, OperationTypeNode, subscribe } from 'graphql';
import { PalateError } from '../../common/errors.js';
import type { Operation, Outcome, Shared, Step } from './operation.js';

/** Queries and mutations are Apollo's; it knows no subscriptions, which are graphql-js' own. */
export const execute: Step = async (operation, shared) => {
  if (operation.definition.operation !== OperationTypeNode.SUBSCRIPTION) {
    operation.outcome = await executeOnce(operation, shared);
  } else if (operation.streams) {
    operation.outcome = await open(operation, shared);
  } else {
    const message = 'A subscription has no single answer. Send it over WebSocket (graphql-transport-ws).';
    throw new PalateError('BAD_USER_INPUT', message);
  }
};

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
