/** The key or token that a link carries behind its `#`: kept for this tab only, and out of the address at once. */
import type { Kept } from './kept.js';

export interface Credential {
  kind: 'key' | 'token';
  secret: string;
}

const KIND = 'palate.credential.kind';
const SECRET = 'palate.credential.secret';

type Place = Pick<Location, 'hash' | 'pathname' | 'search'>;
type Past = Pick<History, 'replaceState'>;

/** The credential of the address, which is cleaned of it, else the one that this tab has; null without either. */
export function takeCredential(location: Place, history: Past, kept: Kept): Credential | null {
  const given = readFragment(location.hash);
  if (!given) return keptCredential(kept);
  // Whoever had this tab before is somebody else.
  kept.clear();
  keepCredential(kept, given);
  try {
    history.replaceState(null, '', `${location.pathname}${location.search}`);
  } catch {
    // A browser that allows no change of its history (too many of them, a frame without an origin) still takes a new fragment.
    location.hash = '';
  }
  return given;
}

/** `#key=…` is an admin's, `#token=…` a member's. */
export function readFragment(fragment: string): Credential | null {
  const [, kind, secret] = /^#(key|token)=(.+)$/.exec(fragment) ?? [];
  if (!secret) return null;
  return { kind: kind as Credential['kind'], secret: decode(secret) };
}

/** What somebody pasted: a key, a token, or the whole link. */
export function readPasted(text: string): Credential | null {
  const trimmed = text.trim();
  const fragment = trimmed.includes('#') ? trimmed.slice(trimmed.indexOf('#')) : '';
  if (fragment) return readFragment(fragment);
  if (trimmed === '' || /\s/.test(trimmed)) return null;
  return { kind: trimmed.split('.').length === 3 ? 'token' : 'key', secret: trimmed };
}

export function keepCredential(kept: Kept, { kind, secret }: Credential): void {
  kept.write(KIND, kind);
  kept.write(SECRET, secret);
}

function keptCredential(kept: Kept): Credential | null {
  const secret = kept.read(SECRET);
  return secret ? { kind: kept.read(KIND) === 'token' ? 'token' : 'key', secret } : null;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
