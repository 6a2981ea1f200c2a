/** Signed in or not, and if so: the frame and the page in it. */
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { ChatPage } from './chat/chat-page.js';
import { ChatRoom } from './chat/chat-room.js';
import { Frame } from './frame.js';
import { NotFound } from './not-found.js';
import { useObservable } from './observable.js';
import { Receipt } from './receipt.js';
import { isForAdmins, type PageName, usePage } from './route.js';
import { SessionContext } from './session/context.js';
import { type Credential, keepCredential, readFragment, takeCredential } from './session/credential.js';
import { TAB } from './session/kept.js';
import { mayPass, problemOf } from './session/problem.js';
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
    TAB.clear();
    setSession(null);
    setCredential(null);
    setProblem(why);
  }, []);

  // A link that is opened in a tab that shows the console already.
  useEffect(() => {
    const onHash = () => {
      if (!readFragment(window.location.hash)) return;
      setSession(null);
      setCredential(takeCredential(window.location, window.history, TAB));
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
        keepCredential(TAB, credential);
        setProblem(null);
        setSession(opened);
      } catch (error) {
        if (!wanted) return;
        // A database or a model that is away comes back: the conversation of this tab is not thrown away over it.
        if (!mayPass(error)) return signOut(problemOf(error));
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
        <div className="opening">
          <Loading what={problem ?? 'Opening the console'} />
          {problem && (
            <button type="button" className="quiet" onClick={() => signOut(null)}>
              Sign out
            </button>
          )}
        </div>
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
    room.enter();
    return room.leave;
  }, [room]);
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
          {page === null || (isForAdmins(page) && !session.isAdmin) ? (
            <NotFound forAdmins={page !== null} />
          ) : (
            <Page name={page} room={room} />
          )}
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
