/** The typed client: a method for each operation of the contract, over whatever carries them. */
import {
  type CallOptions,
  type OperationMethods,
  type OperationRunner,
  operationMethods,
} from '../contract/generated/methods.js';
import { OPERATIONS, type Operation } from '../contract/generated/operations.js';
import { errorOf, PalateClientError } from './errors.js';
import type { Executor, ExecutorResponse } from './executor.js';
import { type NetworkOptions, networkExecutor } from './network.js';

/**
 * Every method throws PalateClientError. Subscriptions reconnect and begin again with the present state; `generateStream` does not: a
 * lost connection is an error, and leaving its iteration before the end cancels the generation.
 */
export interface PalateClient extends OperationMethods {
  /** Any other query or mutation: its data as it comes. */
  request(query: string, variables?: Record<string, unknown>, options?: CallOptions): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

/** A client over the network, or over an executor that is handed in. */
export function createPalateClient(options: NetworkOptions | { executor: Executor }): PalateClient {
  const executor = 'executor' in options ? options.executor : networkExecutor(options);
  return {
    ...operationMethods(runnerOver(executor)),
    async request(query, variables, options) {
      const { data, errors } = await executor.execute({ query, variables }, options?.signal);
      if (errors?.length) throw errorOf(errors);
      return (data ?? {}) as Record<string, unknown>;
    },
    close: async () => executor.close?.(),
  };
}

function runnerOver(executor: Executor): OperationRunner {
  return {
    async call(operation, variables, { signal } = {}) {
      const request = { query: operation.document, variables: variables as Record<string, unknown> };
      return fieldOf(operation, await executor.execute(request, signal));
    },
    async *watch(operation, variables, { signal } = {}) {
      if (signal?.aborted) return;
      const request = { query: operation.document, variables: variables as Record<string, unknown> };
      // A generation that is begun again would be another one.
      const reconnect = operation.field !== OPERATIONS.generationStream.field;
      const responses = executor.subscribe(request, { reconnect });
      const end = () => void responses.return?.();
      signal?.addEventListener('abort', end, { once: true });
      try {
        for await (const response of responses) yield fieldOf(operation, response);
      } finally {
        signal?.removeEventListener('abort', end);
      }
    },
  };
}

function fieldOf<Result, Variables>({ field }: Operation<Result, Variables>, response: ExecutorResponse): Result {
  if (response.errors?.length) throw errorOf(response.errors);
  const data = response.data as Record<string, Result> | null | undefined;
  if (!data || !(field in data)) {
    throw new PalateClientError(
      'INTERNAL',
      `The service answered without "${field}". Do its version and the client's fit?`,
    );
  }
  return data[field];
}
