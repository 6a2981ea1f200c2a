/** Callers inside the process, as plugins are: the steps of a client over the network, without the network. */
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Viewer } from '../auth.js';
import type { Answer, GraphQLRequest, ResultIterator } from '../steps/operation.js';
import type { AnswerOperation } from '../steps/steps.js';

/** Runs operations inside the process, as a client over the network would see them. */
export interface InProcessExecutor {
  execute(request: GraphQLRequest, signal?: AbortSignal): Promise<FormattedExecutionResult>;
  /** A refused one yields its errors once. Ending the iteration ends the subscription. */
  subscribe(request: GraphQLRequest): ResultIterator;
}

export interface InProcessParts {
  answer: AnswerOperation;
  formatError(error: unknown): GraphQLFormattedError;
}

export function executorFor(viewer: Viewer, { answer, formatError }: InProcessParts): InProcessExecutor {
  // One a call: listeners on a signal that is shared would outlive what they listen for.
  const take = (request: GraphQLRequest, streams: boolean, signal = new AbortController().signal) =>
    answer({ caller: viewer, streams, signal, read: () => request });
  return {
    async execute(request, signal) {
      return onlyResult((await take(request, false, signal)).answer);
    },
    subscribe(request) {
      const opened = take(request, true).then(({ answer }) =>
        answer.kind === 'stream' ? answer.results : once(onlyResult(answer)),
      );
      // Not an async generator, as the stream inside is none.
      return {
        async next() {
          try {
            return await (await opened).next();
          } catch (error) {
            await this.return();
            return { done: false, value: { errors: [formatError(error)] } };
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

function onlyResult(answer: Answer): FormattedExecutionResult {
  if (answer.kind === 'stream') throw new Error('A stream was not asked for.');
  return answer.kind === 'refused' ? { errors: answer.errors } : answer.result;
}

async function* once<T>(value: T): AsyncGenerator<T, void, undefined> {
  yield value;
}
