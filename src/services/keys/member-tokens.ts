/**
 * Tokens for one member: JSON Web Tokens (RFC 7519), HS256, short-lived, signed with a secret of this installation. They carry ids only:
 * the member's, and the key that asked for them.
 */
import { errors, jwtVerify, SignJWT } from 'jose';
import { PalateError } from '../../common/errors.js';

const ISSUER = 'palate';
const AUDIENCE = 'palate-member';

export interface MemberTokenClaims {
  memberId: string;
  /** The key that asked for the token; null for the operator's. */
  keyId: string | null;
  expiresAt: Date;
}

/** Whether a secret has the form of a token; keys never do. */
export function looksLikeToken(secret: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(secret);
}

/** `now` and `expiresAt` count in whole seconds, as tokens do. */
export async function signMemberToken(
  secret: Uint8Array,
  { memberId, keyId, expiresAt }: MemberTokenClaims,
  now: Date,
): Promise<string> {
  return new SignJWT(keyId === null ? {} : { key: keyId })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(memberId)
    .setIssuedAt(now)
    .setExpirationTime(expiresAt)
    .sign(secret);
}

/**
 * The claims of a token of ours; null for anything else.
 * @throws PalateError UNAUTHENTICATED for one that has run out
 */
export async function readMemberToken(secret: Uint8Array, token: string, now: Date): Promise<MemberTokenClaims | null> {
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'exp'],
      currentDate: now,
    });
    const keyId = typeof payload.key === 'string' ? payload.key : null;
    return { memberId: payload.sub as string, keyId, expiresAt: new Date((payload.exp as number) * 1_000) };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      throw new PalateError('UNAUTHENTICATED', 'This token has run out. Ask the bot for a new link.');
    }
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
