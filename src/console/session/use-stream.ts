/** A subscription for as long as a part of the page is shown. Reconnecting is the client's business. */
import { useEffect, useRef } from 'react';
import { useSession } from './context.js';

/** @param source must change (useCallback) exactly when another subscription is meant */
export function useStream<T>(source: (signal: AbortSignal) => AsyncIterable<T>, take: (value: T) => void): void {
  const session = useSession();
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      try {
        for await (const value of source(abort.signal)) latest.current(value);
      } catch (error) {
        if (!abort.signal.aborted) session.fail(error);
      }
    };
    void read();
    return () => abort.abort();
  }, [session, source]);
}
