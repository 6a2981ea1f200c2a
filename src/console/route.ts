/** Which page is shown: the address's fragment, so that the gateway has one page to serve. */
import { useSyncExternalStore } from 'react';

export const PAGES = ['chat', 'tune', 'taste', 'live', 'setup'] as const;
export type PageName = (typeof PAGES)[number];

export function pageOf(fragment: string): PageName {
  const name = fragment.replace(/^#\/?/, '').split('/', 1)[0];
  return PAGES.find((page) => page === name) ?? 'chat';
}

export function usePage(): PageName {
  return useSyncExternalStore(subscribe, () => pageOf(window.location.hash));
}

export function goTo(page: PageName): void {
  window.location.hash = `#/${page}`;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}
