/** An operation on its way through the steps: what its transport knows of it, and what each step adds. */
import type { HeaderMap } from '@apollo/server';
import type {
  DocumentNode,
  ExecutionResult,
  FormattedExecutionResult,
  GraphQLFormattedError,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import type { Limits } from '../../common/config.js';
import type { Authenticate, Viewer } from '../auth.js';
import type { ContextFor } from '../context.js';
import type { Apollo } from './apollo.js';
import type { Documents } from './documents.js';
import type { Quotas } from './quotas.js';

export interface GraphQLRequest {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
}

/** What a transport hands in. */
export interface IncomingOperation {
  /** The Authorization value that came with it, or who is known to ask already. */
  readonly caller: { readonly authorization: unknown } | Viewer;
  /** Whether the answer may come in pieces, as that of a subscription does. */
  readonly streams: boolean;
  /** Aborts when whoever asked has gone away. */
  readonly signal: AbortSignal;
  /** Of an operation that came by HTTP: what Apollo needs to refuse a mutation by GET. */
  readonly http?: { method: string; headers: HeaderMap; search: string; body: unknown };
  /** Reads the operation, which happens for callers who may ask only. @throws PalateError, GraphQLError for what is none */
  read(): GraphQLRequest | Promise<GraphQLRequest>;
}

/** Each step may read what the steps before it have set. */
export interface Operation extends IncomingOperation {
  /** Set by `authenticate`. */
  viewer: Viewer;
  /** Set by `parse`, as the next three. */
  request: GraphQLRequest;
  document: DocumentNode;
  definition: OperationDefinitionNode;
  /** Whether the same document passed `parse` and `limits` before. */
  known: boolean;
  /** Set by `execute`, or to the errors of the step that refused. */
  outcome: Outcome;
  /** Set by `format`. */
  answer: Answer;
}

/** What came of an operation; the errors are whatever was thrown. */
export type Outcome =
  | { kind: 'refused'; errors: readonly unknown[] }
  | { kind: 'single'; result: ExecutionResult; http: HttpHead }
  | { kind: 'stream'; results: AsyncIterator<ExecutionResult> };

/** What a transport hands out. A stream that fails throws what was thrown inside, unformatted. */
export type Answer =
  | { kind: 'refused'; errors: readonly GraphQLFormattedError[] }
  | { kind: 'single'; result: FormattedExecutionResult; http: HttpHead }
  | { kind: 'stream'; results: ResultIterator };

/** What an answer of execution says to HTTP. */
export interface HttpHead {
  status?: number;
  headers?: Iterable<readonly [string, string]>;
}

export interface ResultIterator extends AsyncIterableIterator<FormattedExecutionResult, void, undefined> {
  return(): Promise<IteratorResult<FormattedExecutionResult, void>>;
}

/** What all operations share. */
export interface Shared {
  readonly schema: GraphQLSchema;
  readonly apollo: Apollo;
  readonly documents: Documents;
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly authenticate: Authenticate;
  readonly contextFor: ContextFor;
  formatError(error: unknown): GraphQLFormattedError;
}

/** One step; throwing refuses the operation. */
export type Step = (operation: Operation, shared: Shared) => void | Promise<void>;

/** Several errors at once, as validation finds them. */
export class Refusal extends Error {
  constructor(readonly errors: readonly unknown[]) {
    super('The operation is refused.');
  }
}
