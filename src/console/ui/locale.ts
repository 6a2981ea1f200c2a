/**
 * The language in which numbers and moments are written. Some browsers name theirs in a way that their own Intl refuses
 * ("en-US@posix"), and the first use of it would end the page: everything that formats takes it from here, and this is loaded first.
 */
export const LOCALE: string | undefined = usable(globalThis.navigator?.language);

function usable(name: string | undefined): string | undefined {
  for (const locale of [undefined, name, name?.split(/[@.]/, 1)[0].replaceAll('_', '-')]) {
    // Without a name Intl takes the browser's own, which is the one that may be refused.
    if (works(locale)) return locale;
  }
  return 'en';
}

function works(locale: string | undefined): boolean {
  try {
    new Intl.DateTimeFormat(locale);
    new Intl.NumberFormat(locale);
    return true;
  } catch {
    return false;
  }
}

/** For the chart, which asks the browser for its language by itself while it is loaded. */
export function mendLanguage(browser: Navigator = navigator): void {
  if (works(browser.language)) return;
  Object.defineProperty(browser, 'language', { value: LOCALE ?? 'en', configurable: true });
}
