/** Pages of rows as connections; a cursor is the row's ledger position, opaque to callers. */
import { PalateError } from '../common/errors.js';
import type { PageInfo } from '../contract/generated/types.js';
import type { Page, PageRequest } from '../store/page.js';

/** A page as the contract has it, of whatever. */
export interface Connection<T> {
  nodes: T[];
  edges: { node: T; cursor: string }[];
  pageInfo: PageInfo;
  totalCount: number;
}

/** @throws PalateError BAD_USER_INPUT for a page size out of bounds or a cursor that is none of ours */
export function pageRequest(first: number, after: string | null | undefined, maximum: number): PageRequest {
  requirePageSize(first, maximum);
  return { first, below: after == null ? undefined : positionOf(after) };
}

export function connectionOf<R extends { position: bigint }, T>(page: Page<R>, nodes: T[]): Connection<T> {
  return connectionBy(page, nodes, (row) => cursorOf(row.position));
}

/** A connection over rows without positions. */
export function connectionBy<R, T>(page: Page<R>, nodes: T[], cursor: (row: R) => string): Connection<T> {
  const edges = nodes.map((node, i) => ({ node, cursor: cursor(page.rows[i]) }));
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: page.hasNext,
      hasPreviousPage: page.hasPrevious,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: page.total,
  };
}

/** @throws PalateError BAD_USER_INPUT */
export function requirePageSize(first: number, maximum: number): void {
  if (Number.isInteger(first) && first >= 1 && first <= maximum) return;
  throw new PalateError('BAD_USER_INPUT', `first is ${first}; it must be a whole number from 1 to ${maximum}.`);
}

/** @throws PalateError BAD_USER_INPUT */
export function refuseCursor(): never {
  throw new PalateError('BAD_USER_INPUT', 'after is not a cursor of this list. Take one from an edge or pageInfo.');
}

export function emptyPage<T>(): Page<T> {
  return { rows: [], total: 0, hasNext: false, hasPrevious: false };
}

function cursorOf(position: bigint): string {
  return Buffer.from(`p${position}`).toString('base64url');
}

function positionOf(cursor: string): bigint {
  const match = /^p(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) refuseCursor();
  return BigInt(match[1]);
}
