/** Who a member is on their platform. Identity is all three; `scope` is '' where the platform needs none. */
export interface MemberRef {
  platform: string;
  externalId: string;
  scope?: string | null;
}
