/** Which page is shown: the address's fragment, so that the gateway has one page to serve. */
import { useSyncExternalStore } from 'react';

export const PAGES = ['chat', 'tune', 'taste', 'live', 'setup'] as const;
export type PageName = (typeof PAGES)[number];

export function isForAdmins(page: PageName): boolean {
  return page === 'live' || page === 'setup';
}

/** Null for a fragment that names no page; none at all is the chat. */
export function pageOf(fragment: string): PageName | null {
  const name = fragment.replace(/^#\/?/, '').split(/[/?]/, 1)[0];
  return name === '' ? 'chat' : (PAGES.find((page) => page === name) ?? null);
}

export function usePage(): PageName | null {
  return useSyncExternalStore(subscribe, () => pageOf(window.location.hash));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}
