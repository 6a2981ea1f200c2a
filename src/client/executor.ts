/** What the client needs from whatever carries its operations: a network, or the process it is in. */
import type { ResponseError } from './errors.js';

export interface ExecutorRequest {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
}

export interface ExecutorResponse {
  readonly data?: unknown;
  readonly errors?: readonly ResponseError[];
}

export interface SubscribeOptions {
  /** Whether a lost connection is made again and the subscription begun again. Not for one that does something when it begins. */
  reconnect: boolean;
}

export interface Executor {
  /** Runs a query or mutation. Refusals are in the answer's errors; a service out of reach is thrown as PalateClientError. */
  execute(request: ExecutorRequest, signal?: AbortSignal): Promise<ExecutorResponse>;
  /** Runs a subscription; leaving the iteration ends it. */
  subscribe(request: ExecutorRequest, options: SubscribeOptions): AsyncIterableIterator<ExecutorResponse>;
  /** Lets go of connections. */
  close?(): Promise<void>;
}
