import type { ExecutionResult, FormattedExecutionResult } from 'graphql';
import type { Answer, Outcome, ResultIterator, Shared, Step } from './operation.js';

/** How it is told: every error with a code of the one list, and counted; nothing of our insides. */
export const format: Step = (operation, shared) => {
  operation.answer = formatOutcome(operation.outcome, shared);
};

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
