/** Something that a button does: busy meanwhile, and what went wrong. */
import { useCallback, useState } from 'react';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';

export interface Attempt {
  busy: boolean;
  problem: string | null;
  attempt(work: () => Promise<void>): Promise<void>;
}

export function useAttempt(): Attempt {
  const session = useSession();
  const [state, setState] = useState<{ busy: boolean; problem: string | null }>({ busy: false, problem: null });
  const attempt = useCallback(
    async (work: () => Promise<void>) => {
      setState({ busy: true, problem: null });
      try {
        await work();
        setState({ busy: false, problem: null });
      } catch (error) {
        session.fail(error);
        setState({ busy: false, problem: problemOf(error) });
      }
    },
    [session],
  );
  return { ...state, attempt };
}
