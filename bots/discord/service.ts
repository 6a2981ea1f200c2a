/** Who people on Discord are for the service. */
import type { MemberRef } from '../../src/client/index.js';

export const PLATFORM = 'discord';

export function memberOf(userId: string): MemberRef {
  return { platform: PLATFORM, externalId: userId };
}
