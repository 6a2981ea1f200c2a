/** Who people on Slack are for the service. */
import type { MemberRef } from '../../src/client/index.js';

export const PLATFORM = 'slack';

/** `scope`: the workspace, or the organisation where the app is installed in the whole of it. */
export function memberOf(userId: string, scope: string): MemberRef {
  return { platform: PLATFORM, externalId: userId, scope };
}
