/** The way of every operation, whichever transport it came by: HTTP, WebSocket, or a caller inside the process. */
import { GraphQLError, getOperationAST, parse as parseDocument, validate } from 'graphql';
import { requireViewer } from '../auth.js';
import { checkOperationCost } from '../operation-cost.js';
import { documentLimits } from './document-limits.js';
import { execute } from './execute.js';
import { format } from './format.js';
import { introspectionLimit } from './introspection-limit.js';
import { type IncomingOperation, type Operation, Refusal, type Shared, type Step } from './operation.js';

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

/** In this order. The first that throws refuses the operation; the last words every answer, refusals too. */
export const STEPS: readonly Step[] = [authenticate, quota, parse, limits, cost, execute, format];

/** Answers an operation; never rejects for what the caller did. */
export type AnswerOperation = (incoming: IncomingOperation) => Promise<Operation>;

/** Takes one operation through the steps. */
export async function takeSteps(incoming: IncomingOperation, shared: Shared): Promise<Operation> {
  const operation = { ...incoming } as Operation;
  try {
    for (const step of STEPS.slice(0, -1)) await step(operation, shared);
  } catch (error) {
    operation.outcome = { kind: 'refused', errors: error instanceof Refusal ? error.errors : [error] };
  }
  await format(operation, shared);
  return operation;
}

/** @throws Refusal unless there are none */
function refuseFor(errors: readonly GraphQLError[]): void {
  if (errors.length > 0) throw new Refusal(errors);
}
