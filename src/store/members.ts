/** Members: who they are and what they consented to. */
import { randomUUID } from 'node:crypto';
import { PalateError } from '../common/errors.js';
import { type Columns, columnsAs, selectionOf } from './columns.js';
import type { LearnConsent, Member, PrismaClient } from './generated/client.js';
import type { Row, SqlEngine } from './sql.js';

export interface MemberIdentity {
  platform: string;
  externalId: string;
  scope: string;
}

/** What is read of a member, by its column. */
const COLUMNS = {
  id: 'id',
  platform: 'platform',
  externalId: 'external_id',
  scope: 'scope',
  displayName: 'display_name',
  learn: 'learn',
  community: 'community',
} as const satisfies Columns<Member>;
const SELECTION = selectionOf(COLUMNS);

export type MemberRecord = Pick<Member, keyof typeof COLUMNS>;

export interface MemberRepository {
  /** The member of that identity, made when there is none; what the platform shows it as is kept where it is said. */
  ensure(member: MemberIdentity & { displayName?: string | null }): Promise<MemberRecord>;
  byIdentity(identity: MemberIdentity): Promise<MemberRecord | null>;
  byId(id: string): Promise<MemberRecord | null>;
  /** Says whether the member's verdicts may train from now on; null for an unknown member. */
  setLearn(id: string, learn: LearnConsent): Promise<MemberRecord | null>;
}

export function memberRepository(prisma: PrismaClient, engine: SqlEngine): MemberRepository {
  // One statement without Prisma: this is on the way of every reply and of verdicts on others' generations.
  const byIdentity = async ({ platform, scope, externalId }: MemberIdentity) => {
    const [row] = await engine.query<MemberRecord & Row>(
      `SELECT ${columnsAs(COLUMNS)} FROM members
       WHERE platform = $1 AND scope = $2 AND external_id = $3`,
      [platform, scope, externalId],
    );
    return row ?? null;
  };
  return {
    // Looking first keeps the usual case to one quick read.
    ensure: async ({ displayName, ...identity }) => {
      const member = (await byIdentity(identity)) ?? (await addMember(prisma, identity, byIdentity));
      if (displayName == null || displayName === member.displayName) return member;
      await prisma.member.updateMany({ where: { id: member.id }, data: { displayName } });
      return { ...member, displayName };
    },
    byIdentity,
    byId: (id) => prisma.member.findUnique({ where: { id }, select: SELECTION }),
    setLearn: async (id, learn) => {
      await prisma.member.updateMany({ where: { id }, data: { learn } });
      return prisma.member.findUnique({ where: { id }, select: SELECTION });
    },
  };
}

async function addMember(
  prisma: PrismaClient,
  { platform, externalId, scope }: MemberIdentity,
  byIdentity: (identity: MemberIdentity) => Promise<MemberRecord | null>,
): Promise<MemberRecord> {
  const data = { id: randomUUID(), platform, externalId, scope };
  await prisma.member.createMany({ data, skipDuplicates: true });
  const member = await byIdentity(data);
  if (!member) throw new PalateError('CONFLICT', 'The member was removed while it was being made. Try again.');
  return member;
}
