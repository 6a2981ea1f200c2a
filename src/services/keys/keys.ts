/**
 * Keys and member tokens: given out, recognised, rotated, revoked. A secret is 256 random bits, shown once; what is kept is its SHA-256,
 * which for random secrets needs no salt.
 */
import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Limits } from '../../common/config.js';
import { isStoreUnavailable, PalateError } from '../../common/errors.js';
import type { Log } from '../../common/log.js';
import type { CreatedKey, Key, KeyInput, MemberRef } from '../../contract/generated/types.js';
import type { KeyRecord } from '../../store/keys.js';
import type { Store } from '../../store/store.js';
import { checkMemberRef, storable } from '../generations/generate-input.js';
import { isId } from '../ids.js';
import type { KeyOwner, KeyService } from '../services.js';
import { looksLikeToken, readMemberToken, signMemberToken } from './member-tokens.js';
import { ShortMemory } from './short-memory.js';

export interface Keys extends KeyService {
  /** Call when a member was forgotten, here or in another process: its keys and tokens have ended. */
  endOf(memberId: string): void;
}

export interface KeyParts {
  store: Pick<Store, 'keys' | 'members'>;
  limits: Limits;
  log: Log;
  /** By the calendar, as keys and tokens run out. */
  now?: () => Date;
  /** Milliseconds that are never set back: how long something is believed. */
  clock?: () => number;
}

/** Milliseconds for which a key that was looked up is believed: another process that revokes it is noticed then. */
const BELIEVED_MS = 5_000;
/** Milliseconds between two notes of a key's last use. */
const NOTED_MS = 60_000;
const DAY_MS = 86_400_000;
const TOKEN_SECRET = 'member-tokens';

export function keyService(parts: KeyParts): Keys {
  const { store, limits, log, now = () => new Date(), clock = () => performance.now() } = parts;
  const byDigest = new ShortMemory<KeyRecord | null>(BELIEVED_MS, limits.keys, clock);
  const byId = new ShortMemory<KeyRecord | null>(BELIEVED_MS, limits.keys, clock);
  const noted = new LRUCache<string, true>({ max: limits.keys, ttl: NOTED_MS, ttlResolution: 0, perf: { now: clock } });
  const listeners = new Set<(memberId?: string) => void>();
  let tokenSecret: Promise<Uint8Array> | undefined;

  const changed = () => {
    byDigest.clear();
    byId.clear();
    for (const listener of listeners) listener();
  };
  const secretOfTokens = () => {
    tokenSecret ??= store.keys.secret(TOKEN_SECRET);
    tokenSecret.catch(() => {
      tokenSecret = undefined;
    });
    return tokenSecret;
  };
  const memberOf = async (id: string) => {
    const member = isId(id) ? await store.members.byId(id) : null;
    if (!member) throw new PalateError('UNAUTHENTICATED', 'The member of this key is not known here any more.');
    const { platform, externalId, scope } = member;
    return { id, platform, externalId, scope };
  };
  const note = (id: string) => {
    if (noted.has(id)) return;
    noted.set(id, true);
    store.keys.used(id, now()).catch((err) => {
      if (!isStoreUnavailable(err)) log.warn({ err, key: id }, 'A key’s last use was not noted');
    });
  };

  async function ownerOfKey(secret: string): Promise<KeyOwner | null> {
    const digest = digestOf(secret);
    const key = await byDigest.get(digest, () => store.keys.byDigest(digest, now()));
    if (!key) return null;
    requireUsable(key, now());
    note(key.id);
    const { id, scope, platform, memberId, expiresAt } = key;
    return { keyId: id, scope, platform, member: memberId === null ? null : await memberOf(memberId), expiresAt };
  }

  async function ownerOfToken(token: string): Promise<KeyOwner | null> {
    const claims = await readMemberToken(await secretOfTokens(), token, now());
    if (!claims) return null;
    const { memberId, keyId, expiresAt } = claims;
    if (keyId !== null) {
      const key = await byId.get(keyId, () => store.keys.byId(keyId));
      if (!key) throw new PalateError('UNAUTHENTICATED', 'The key that this token was made with is gone.');
      requireUsable(key, now());
    }
    return { keyId: null, scope: 'MEMBER', platform: null, member: await memberOf(memberId), expiresAt };
  }

  return {
    identify: (secret) => (looksLikeToken(secret) ? ownerOfToken(secret) : ownerOfKey(secret)),
    list: async () => (await store.keys.list(limits.keys)).map(keyView),
    create: async (input) => {
      const { name, scope, platform, member, expiresAt } = checkKeyInput(input, limits, now());
      if ((await store.keys.count()) >= limits.keys) {
        const message = `There are ${limits.keys} keys already. Revoke those that are not needed.`;
        throw new PalateError('LIMIT_EXCEEDED', message);
      }
      const memberId = member && (await store.members.ensure(checkMemberRef(member, limits))).id;
      const { secret, ...kept } = newSecret(scope);
      return { key: keyView(await store.keys.add({ name, scope, platform, memberId, expiresAt, ...kept })), secret };
    },
    rotate: async (id, overlapSeconds) => {
      if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > limits.keyOverlapSeconds) {
        const range = `from 0 to ${limits.keyOverlapSeconds}`;
        throw new PalateError('BAD_USER_INPUT', `overlapSeconds is ${overlapSeconds}; it must be ${range}.`);
      }
      const key = isId(id) ? await store.keys.byId(id) : null;
      if (!key) throw unknownKey(id);
      const { secret, ...kept } = newSecret(key.scope);
      const previousExpiresAt = new Date(now().getTime() + overlapSeconds * 1_000);
      const rotated = await store.keys.rotate(id, { ...kept, previousExpiresAt });
      if (!rotated) throw new PalateError('CONFLICT', `The key "${key.name}" is revoked. Create a new one.`);
      changed();
      return { key: keyView(rotated), secret } satisfies CreatedKey;
    },
    revoke: async (id) => {
      const key = isId(id) ? await store.keys.revoke(id, now()) : null;
      if (!key) throw unknownKey(id);
      changed();
      return keyView(key);
    },
    createMemberToken: async (ref: MemberRef, keyId) => {
      const { id } = await store.members.ensure(checkMemberRef(ref, limits));
      // Whole seconds, as tokens count.
      const expiresAt = new Date((Math.floor(now().getTime() / 1_000) + limits.memberTokenSeconds) * 1_000);
      const issuer = keyId !== null && isId(keyId) ? keyId : null;
      const token = await signMemberToken(await secretOfTokens(), { memberId: id, keyId: issuer, expiresAt }, now());
      return { token, expiresAt };
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    endOf: (memberId) => {
      for (const listener of listeners) listener(memberId);
    },
  };
}

/** @throws PalateError BAD_USER_INPUT that says which field does not go with which scope */
function checkKeyInput(input: KeyInput, limits: Limits, now: Date) {
  const refuse = (message: string) => new PalateError('BAD_USER_INPUT', message);
  const name = input.name.trim();
  if (name === '' || name.length > limits.keyCharacters) {
    throw refuse(`name must have 1 to ${limits.keyCharacters} characters.`);
  }
  storable('name', name);
  const { scope, platform = null, member = null, expiresInDays = null } = input;
  if (scope === 'BOT' && platform === null) throw refuse('A bot key acts for one platform: name the platform.');
  if (scope !== 'BOT' && platform !== null) throw refuse(`platform goes with BOT keys only; this one is ${scope}.`);
  if (scope === 'MEMBER' && member === null) throw refuse('A MEMBER key belongs to one member: give member.');
  if (scope !== 'MEMBER' && member !== null) throw refuse(`member goes with MEMBER keys only; this one is ${scope}.`);
  if (platform !== null) checkMemberRef({ platform, externalId: 'any' }, limits);
  if (expiresInDays !== null && !(expiresInDays >= 1 && expiresInDays <= limits.keyDays)) {
    throw refuse(`expiresInDays is ${expiresInDays}; it must be from 1 to ${limits.keyDays}, or absent.`);
  }
  const expiresAt = expiresInDays === null ? null : new Date(now.getTime() + expiresInDays * DAY_MS);
  return { name, scope, platform, member, expiresAt };
}

function requireUsable({ name, revokedAt, expiresAt }: KeyRecord, now: Date): void {
  if (revokedAt) throw new PalateError('UNAUTHENTICATED', `The key "${name}" was revoked. Ask for a new one.`);
  if (expiresAt && expiresAt <= now) {
    throw new PalateError('UNAUTHENTICATED', `The key "${name}" has run out. Ask for a new one.`);
  }
}

/** Of the secret, what is kept and shown is enough to recognise it and not to guess it. */
function newSecret(scope: KeyRecord['scope']): { secret: string; digest: string; prefix: string } {
  const kind = `palate_${scope.toLowerCase()}_`;
  const secret = `${kind}${randomBytes(32).toString('base64url')}`;
  return { secret, digest: digestOf(secret), prefix: secret.slice(0, kind.length + 4) };
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function keyView(key: KeyRecord): Key {
  const { id, name, scope, platform, memberId, prefix, createdAt, lastUsedAt, expiresAt, revokedAt } = key;
  return { id, name, scope, platform, memberId, prefix, createdAt, lastUsedAt, expiresAt, revokedAt };
}

function unknownKey(id: string): PalateError {
  return new PalateError('NOT_FOUND', `There is no key ${id}. Query "keys" lists them.`);
}
