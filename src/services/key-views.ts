/** Keys and who they belong to, as callers see them. */
import type { MemberRef } from './member-ref.js';

export type KeyScope = 'ADMIN' | 'BOT' | 'MEMBER';

/** Who a key or token belongs to. */
export interface KeyOwner {
  scope: KeyScope;
  /** Of a BOT key. */
  platform: string | null;
  /** Of a MEMBER key or token. */
  member: { id: string; platform: string; externalId: string; scope: string } | null;
  /** Null for a token. */
  keyId: string | null;
  expiresAt: Date | null;
}

export interface KeyInput {
  name: string;
  scope: KeyScope;
  platform?: string | null;
  member?: MemberRef | null;
  expiresInDays?: number | null;
}

export interface KeyView {
  id: string;
  name: string;
  scope: KeyScope;
  platform: string | null;
  memberId: string | null;
  /** The first characters of the secret. */
  prefix: string;
  createdAt: Date;
  /** To the minute. */
  lastUsedAt: Date | null;
  expiresAt: Date | null;
  revokedAt: Date | null;
}

export interface CreatedKeyView {
  key: KeyView;
  /** Never shown again. */
  secret: string;
}

export interface MemberTokenView {
  token: string;
  expiresAt: Date;
}
