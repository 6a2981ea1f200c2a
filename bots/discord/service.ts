/** Who people on Discord are for the service. */
import type { MemberRef } from '../../src/client/index.js';

export const PLATFORM = 'discord';

/** Whether this is somebody's id, and not what is left of a message that says nobody's: it would be taken for one more person. */
export function isUserId(id: unknown): boolean {
  return typeof id === 'string' && /^\d{1,20}$/.test(id);
}

export function memberOf(userId: string): MemberRef {
  return { platform: PLATFORM, externalId: userId };
}
