/** Signed in or not, and if so: the frame and the page in it. */
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { ChatPage } from './chat/chat-page.js';
import { ChatRoom } from './chat/chat-room.js';
import { Frame } from './frame.js';
import { useObservable } from './observable.js';
import { Receipt } from './receipt.js';
import { type PageName, usePage } from './route.js';
import { SessionContext } from './session/context.js';
import { type Credential, keepCredential, readFragment, takeCredential } from './session/credential.js';
import { isUnauthenticated, problemOf } from './session/problem.js';
import { Session } from './session/session.js';
import { SignIn } from './sign-in.js';
import { FaultBoundary } from './ui/fault.js';
import { Loading } from './ui/states.js';

const TunePage = lazy(async () => ({ default: (await import('./tune/tune-page.js')).TunePage }));
const TastePage = lazy(async () => ({ default: (await import('./taste/taste-page.js')).TastePage }));
const LivePage = lazy(async () => ({ default: (await import('./live/live-page.js')).LivePage }));
const SetupPage = lazy(async () => ({ default: (await import('./setup/setup-page.js')).SetupPage }));

const RETRY_MS = 2_000;

export function App({ credential: given }: { credential: Credential | null }) {
  const [credential, setCredential] = useState(given);
  const [session, setSession] = useState<Session | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const signOut = useCallback((why: string | null) => {
    window.sessionStorage.clear();
    setSession(null);
    setCredential(null);
    setProblem(why);
  }, []);

  // A link that is opened in a tab that shows the console already.
  useEffect(() => {
    const onHash = () => {
      if (!readFragment(window.location.hash)) return;
      setSession(null);
      setCredential(takeCredential(window.location, window.history, window.sessionStorage));
    };
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, []);

  useEffect(() => {
    if (!credential) return;
    let wanted = true;
    let opened: Session | undefined;
    let timer: number | undefined;
    const open = async () => {
      try {
        opened = await Session.open(credential, `${window.location.origin}${window.location.pathname}`);
        if (!wanted) {
          void opened.close();
          return;
        }
        keepCredential(window.sessionStorage, credential);
        setProblem(null);
        setSession(opened);
      } catch (error) {
        if (!wanted) return;
        const unreachable = !isUnauthenticated(error) && (error as { code?: string }).code === 'UNREACHABLE';
        if (!unreachable) return signOut(problemOf(error));
        setProblem(problemOf(error));
        timer = window.setTimeout(open, RETRY_MS);
      }
    };
    void open();
    return () => {
      wanted = false;
      window.clearTimeout(timer);
      void opened?.close();
    };
  }, [credential, signOut]);

  if (!credential) return <SignIn problem={problem} onCredential={setCredential} />;
  if (!session) {
    return (
      <main className="alone">
        <Loading what={problem ?? 'Opening the console'} />
      </main>
    );
  }
  return (
    <SessionContext value={session}>
      <SignedIn session={session} onSignOut={signOut} />
    </SessionContext>
  );
}

function SignedIn({ session, onSignOut }: { session: Session; onSignOut: (why: string | null) => void }) {
  const ended = useObservable(session.ended);
  const receipt = useObservable(session.receipt);
  const room = useMemo(() => new ChatRoom(session), [session]);
  const page = usePage();
  useEffect(() => {
    if (ended !== null) onSignOut(ended);
  }, [ended, onSignOut]);
  useEffect(() => {
    if (receipt) room.clear();
  }, [receipt, room]);
  if (receipt) {
    const goOn = () => (session.isAdmin ? session.receipt.set(null) : onSignOut(null));
    return <Receipt receipt={receipt} onDone={goOn} />;
  }
  return (
    <Frame page={page} onSignOut={() => onSignOut(null)}>
      <FaultBoundary key={page}>
        <Suspense fallback={<Loading what="Loading the page" />}>
          <Page name={session.isAdmin || (page !== 'live' && page !== 'setup') ? page : 'chat'} room={room} />
        </Suspense>
      </FaultBoundary>
    </Frame>
  );
}

function Page({ name, room }: { name: PageName; room: ChatRoom }) {
  switch (name) {
    case 'chat':
      return <ChatPage room={room} />;
    case 'tune':
      return <TunePage />;
    case 'taste':
      return <TastePage />;
    case 'live':
      return <LivePage />;
    case 'setup':
      return <SetupPage />;
  }
}
