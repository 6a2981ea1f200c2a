/**
 * What the browser keeps for this page: of this tab (the credential, the conversation), and of this browser (how long replies may be).
 * A browser may forbid that, or have no room left: what it does not take is remembered until the page is closed, and nothing else changes.
 */

export interface Kept {
  read(name: string): string | null;
  /** False where it is remembered by this page only. */
  write(name: string, text: string): boolean;
  clear(): void;
}

type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'clear'>;

/** @param find reads the browser's storage; where it is forbidden this throws or gives nothing */
export function keptIn(find: () => Shelf | null | undefined): Kept {
  const remembered = new Map<string, string>();
  const attempt = <T>(use: (shelf: Shelf) => T): T | undefined => {
    try {
      const shelf = find();
      return shelf ? use(shelf) : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    read: (name) => remembered.get(name) ?? attempt((shelf) => shelf.getItem(name)) ?? null,
    write: (name, text) => {
      const taken = attempt((shelf) => {
        shelf.setItem(name, text);
        return true;
      });
      if (taken) remembered.delete(name);
      else remembered.set(name, text);
      return taken === true;
    },
    clear: () => {
      remembered.clear();
      attempt((shelf) => shelf.clear());
    },
  };
}

/** Until the tab is closed or somebody signs out. */
export const TAB = keptIn(() => globalThis.sessionStorage);

/** Until it is changed. Nothing about anybody belongs here. */
export const BROWSER = keptIn(() => globalThis.localStorage);
