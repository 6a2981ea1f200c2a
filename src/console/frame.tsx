/** What is around every page: the name, the way to the other pages, the version of the taste, and whether the gateway is heard. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useObservable } from './observable.js';
import { isForAdmins, type PageName } from './route.js';
import { useSession } from './session/context.js';
import { isEmpty } from './taste/taste-words.js';

const LINKS: readonly { page: PageName; label: string }[] = [
  { page: 'chat', label: 'Chat' },
  { page: 'tune', label: 'Tune' },
  { page: 'taste', label: 'Taste' },
  { page: 'live', label: 'Live' },
  { page: 'setup', label: 'Set-up' },
];

export interface FrameProps {
  /** Null where the address leads to none. */
  page: PageName | null;
  onSignOut: () => void;
  children: ReactNode;
}

export function Frame({ page, onSignOut, children }: FrameProps) {
  const session = useSession();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const title = LINKS.find((link) => link.page === page)?.label ?? 'No such page';
  useEffect(() => {
    document.title = `${title} · Palate`;
    // Whoever follows a link by keyboard or screen reader lands in the page, not in the address bar.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [title]);
  return (
    <div className="frame">
      <div className="head">
        <header className="top">
          <a className="skip" href={`#/${page ?? ''}`} onClick={(event) => skip(event, main.current)}>
            Skip to the page
          </a>
          <a className="brand" href="#/chat">
            <Mark /> Palate
          </a>
          <nav aria-label="Pages">
            {LINKS.filter((link) => session.isAdmin || !isForAdmins(link.page)).map((link) => (
              <a key={link.page} href={`#/${link.page}`} aria-current={link.page === page ? 'page' : undefined}>
                {link.label}
              </a>
            ))}
          </nav>
          <div className="top-end">
            <VersionPill />
            <button type="button" className="quiet" onClick={onSignOut}>
              Sign out
            </button>
          </div>
        </header>
        <ConnectionNote />
      </div>
      <ModelNote />
      <main ref={main} tabIndex={-1} className={`page page-${page ?? 'none'}`}>
        {children}
      </main>
    </div>
  );
}

function skip(event: { preventDefault(): void }, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" className="mark">
      <rect width="32" height="32" rx="9" fill="currentColor" />
      <circle cx="12.5" cy="16" r="5.5" fill="none" stroke="var(--ground)" strokeWidth="2.5" />
      <circle cx="20.5" cy="16" r="5.5" fill="var(--ground)" />
    </svg>
  );
}

function VersionPill() {
  const member = useObservable(useSession().member);
  return (
    <a
      className="pill"
      href="#/taste"
      data-testid="version"
      title="The version of your taste that your replies are written with"
    >
      {isEmpty(member?.encoder) ? 'No taste yet' : `Taste v${member?.encoder.version}`}
    </a>
  );
}

const BACK_SHOWN_MS = 3_000;

function ConnectionNote() {
  const state = useObservable(useSession().connection);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (state === 'LOST') setShown(true);
    if (state !== 'BACK') return;
    const timer = window.setTimeout(() => setShown(false), BACK_SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [state]);
  const lost = state === 'LOST';
  return (
    <div role="status" aria-live="polite" className="notes">
      {shown && (
        <p className={lost ? 'note note-bad' : 'note note-good'}>
          {lost ? 'The connection is lost. Trying again by itself…' : 'Connected again.'}
        </p>
      )}
    </div>
  );
}

function ModelNote() {
  const reason = useObservable(useSession().pool)?.notPersonalisedBecause;
  return reason ? <p className="note">{reason}</p> : null;
}
