/** The session as every part of the page finds it. */
import { createContext, useContext } from 'react';
import type { Session } from './session.js';

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('This part of the page needs a session around it.');
  return session;
}
