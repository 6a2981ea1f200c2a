/** What resolvers of several parts share: links between entities, which views hold as ids, and pages. */
import type { GraphQLResolveInfo } from 'graphql';
import { PalateError } from '../../common/errors.js';
import type { Member } from '../../contract/generated/types.js';
import type { Context } from '../context.js';

export interface PageArguments {
  first?: number | null;
  after?: string | null;
}

/** @throws PalateError BAD_USER_INPUT for a page that is empty or too long */
export function pageSize({ first }: PageArguments, { limits }: Context): number {
  const size = first ?? limits.pageSizeDefault;
  if (size >= 1 && size <= limits.pageSizeMaximum) return size;
  throw new PalateError('BAD_USER_INPUT', `first is ${size}; it must be from 1 to ${limits.pageSizeMaximum}.`);
}

/** The `member` field of whatever belongs to a member. */
export async function memberLink(
  owned: { memberId: string },
  _: unknown,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<Member> {
  return present(await context.loaders.member(owned.memberId, info), 'member', owned.memberId);
}

/** A link that leads nowhere: whatever it belongs to was forgotten between two reads. */
export function present<T>(value: T | null, kind: string, id: string): T {
  if (value === null) throw new PalateError('NOT_FOUND', `The ${kind} ${id} is gone. Read the list again.`);
  return value;
}
