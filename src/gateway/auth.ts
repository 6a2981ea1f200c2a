/** Who a key belongs to. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { adminKeyFile, type Settings } from '../common/config.js';
import { messageOf, PalateError } from '../common/errors.js';
import { keepOnce } from '../common/whole-files.js';
import type { KeyScope } from '../contract/generated/types.js';
import type { KeyOwner, KeyService } from '../services/services.js';

/** The owner of a key. */
export interface Viewer {
  scope: KeyScope;
  /** The platform a BOT key acts for. */
  platform: string | null;
  /** The member a MEMBER key belongs to. */
  memberId: string | null;
  /** Who that member is. */
  member?: KeyOwner['member'];
  /** Whose rows `storage` holds, by a name that outlives the key; absent: nobody's. */
  owner?: string;
  /** The stored key, where it is one; absent for the operator's, for plugins' and for tokens. */
  keyId?: string | null;
  /** When it ends; absent or null: when it is revoked. */
  expiresAt?: Date | null;
}

/** The operator. */
export const ADMIN: Viewer = { scope: 'ADMIN', platform: null, memberId: null, owner: 'admin' };

/** The name under which a key's use is counted: the same for all tokens of a member. */
export function viewerName({ owner, scope, platform }: Viewer): string {
  return owner ?? `${scope}/${platform}`;
}

/** Whose a caller's idempotency keys are; the operator's need no name. */
export function keyOwnerOf(viewer: Viewer): string | undefined {
  return viewer.scope === 'ADMIN' ? undefined : viewerName(viewer);
}

/** Finds the owner of a key; null for a key that nobody has. */
export type Authenticate = (key: string) => Promise<Viewer | null>;

export const STRANGER_MESSAGE =
  'This needs a key. Send "Authorization: Bearer <key>" with HTTP, or { "authorization": "Bearer <key>" } as connection parameters.';
export const WRONG_KEY_MESSAGE = 'This key is not known here. Check it, or ask the operator of this service for one.';

/** Knows the admin key only. The comparison takes the same time for every wrong key, whatever its length. */
export function authenticateAdmin(adminKey: string): Authenticate {
  const expected = digest(adminKey);
  return async (key) => (timingSafeEqual(digest(key), expected) ? ADMIN : null);
}

/** Knows the keys that were given out, and members' tokens. */
export function authenticateKeys(keys: KeyService): Authenticate {
  return async (key) => {
    const owner = await keys.identify(key);
    return owner && viewerOf(owner);
  };
}

/** Asks one after the other; the first that knows the key answers. */
export function authenticateAny(...known: readonly Authenticate[]): Authenticate {
  return async (key) => {
    for (const authenticate of known) {
      const viewer = await authenticate(key);
      if (viewer) return viewer;
    }
    return null;
  };
}

function viewerOf({ scope, platform, member, keyId, expiresAt }: KeyOwner): Viewer {
  // All keys and tokens of a member count as one.
  const owner = member ? `member/${member.id}` : `key/${keyId}`;
  return { scope, platform, memberId: member?.id ?? null, member, owner, keyId, expiresAt };
}

/**
 * The viewer behind an Authorization value.
 * @throws PalateError UNAUTHENTICATED without a key or with an unknown one
 */
export async function requireViewer(authenticate: Authenticate, authorization: unknown): Promise<Viewer> {
  const key = typeof authorization === 'string' ? /^Bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined;
  if (!key) throw new PalateError('UNAUTHENTICATED', STRANGER_MESSAGE);
  const viewer = await authenticate(key);
  if (!viewer) throw new PalateError('UNAUTHENTICATED', WRONG_KEY_MESSAGE);
  return viewer;
}

export interface AdminKey {
  key: string;
  /** Whether this call made the key. */
  created: boolean;
  /** The file that holds the key; null when it comes from the settings. */
  file: string | null;
}

/**
 * The admin key: from the settings, else from the data folder, else a new one of 256 random bits, kept there readable for its owner only.
 * @throws PalateError BAD_USER_INPUT when the file cannot be read or written, or holds no key
 */
export async function ensureAdminKey(settings: Pick<Settings, 'data' | 'adminKey'>): Promise<AdminKey> {
  if (settings.adminKey) return { key: settings.adminKey, created: false, file: null };
  const file = adminKeyFile(settings);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const made = () => `palate_admin_${randomBytes(32).toString('base64url')}\n`;
    const { text, created } = await keepOnce(file, made, 0o600);
    await chmod(file, 0o600);
    const key = text.trim();
    if (key.length < 16) throw new Error('it holds no key of at least 16 characters');
    return { key, created, file };
  } catch (error) {
    throw unusable(file, messageOf(error));
  }
}

function unusable(file: string, reason: string): PalateError {
  return new PalateError(
    'BAD_USER_INPUT',
    `The admin key file ${file} is not usable: ${reason}. Set PALATE_ADMIN_KEY, or remove the file so that a new key is made.`,
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
