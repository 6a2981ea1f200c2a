/** Members: who they are and what they consented to. */
import { randomUUID } from 'node:crypto';
import type { LearnConsent, PrismaClient } from './generated/client.js';

export interface MemberIdentity {
  platform: string;
  externalId: string;
  scope: string;
}

export interface MemberRecord extends MemberIdentity {
  id: string;
  learn: LearnConsent;
  community: boolean;
}

export interface MemberRepository {
  /** The member of that identity, made when there is none. */
  ensure(identity: MemberIdentity): Promise<MemberRecord>;
  byIdentity(identity: MemberIdentity): Promise<MemberRecord | null>;
  byId(id: string): Promise<MemberRecord | null>;
}

export function memberRepository(prisma: PrismaClient): MemberRepository {
  const where = ({ platform, scope, externalId }: MemberIdentity) => ({
    platform_scope_externalId: { platform, scope, externalId },
  });
  return {
    ensure: async ({ platform, externalId, scope }) =>
      prisma.member.upsert({
        where: where({ platform, scope, externalId }),
        create: { id: randomUUID(), platform, externalId, scope },
        update: {},
      }),
    byIdentity: (identity) => prisma.member.findUnique({ where: where(identity) }),
    byId: (id) => prisma.member.findUnique({ where: { id } }),
  };
}
