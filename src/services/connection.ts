/** Pages of rows as connections; a cursor is the row's ledger position, opaque to callers. */
import { PalateError } from '../common/errors.js';
import type { Page, PageRequest } from '../store/page.js';
import type { Connection } from './views.js';

/** @throws PalateError BAD_USER_INPUT for a page size out of bounds or a cursor that is none of ours */
export function pageRequest(first: number, after: string | null | undefined, maximum: number): PageRequest {
  if (!Number.isInteger(first) || first < 1 || first > maximum) {
    throw new PalateError('BAD_USER_INPUT', `first is ${first}; it must be a whole number from 1 to ${maximum}.`);
  }
  return { first, below: after == null ? undefined : positionOf(after) };
}

export function connectionOf<R extends { position: bigint }, T>(page: Page<R>, nodes: T[]): Connection<T> {
  const edges = nodes.map((node, i) => ({ node, cursor: cursorOf(page.rows[i].position) }));
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

export function emptyPage<T>(): Page<T> {
  return { rows: [], total: 0, hasNext: false, hasPrevious: false };
}

function cursorOf(position: bigint): string {
  return Buffer.from(`p${position}`).toString('base64url');
}

function positionOf(cursor: string): bigint {
  const match = /^p(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) {
    throw new PalateError('BAD_USER_INPUT', 'after is not a cursor of this list. Take one from an edge or pageInfo.');
  }
  return BigInt(match[1]);
}
