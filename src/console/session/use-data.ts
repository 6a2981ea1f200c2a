/** Data that a part of the page asks for when it appears: loading, here, or failed, and never silently old after a reconnect. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useObservable } from '../observable.js';
import { useSession } from './context.js';
import { problemOf } from './problem.js';

export interface Data<T> {
  /** What came last; stays while it is asked for again. */
  value: T | undefined;
  problem: string | null;
  loading: boolean;
  reload(): Promise<void>;
  set(value: T): void;
}

/** @param ask must change (useCallback) exactly when what is asked for changes */
export function useData<T>(ask: () => Promise<T>): Data<T> {
  const session = useSession();
  const comebacks = useObservable(session.comebacks);
  const [state, setState] = useState<{ value?: T; problem: string | null; loading: boolean }>({
    problem: null,
    loading: true,
  });
  const turn = useRef(0);
  const reload = useCallback(async () => {
    const mine = ++turn.current;
    setState((before) => ({ ...before, loading: true }));
    try {
      const value = await ask();
      if (mine === turn.current) setState({ value, problem: null, loading: false });
    } catch (error) {
      session.fail(error);
      if (mine === turn.current) setState((before) => ({ ...before, problem: problemOf(error), loading: false }));
    }
  }, [ask, session]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a connection that is back asks again.
  useEffect(() => void reload(), [reload, comebacks]);
  const set = useCallback((value: T) => setState({ value, problem: null, loading: false }), []);
  return { value: state.value, problem: state.problem, loading: state.loading, reload, set };
}
