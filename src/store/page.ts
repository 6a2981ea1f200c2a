/** A page of rows in order of falling ledger position. */

export interface Page<T> {
  rows: T[];
  /** All rows of the list, not only this page's. */
  total: number;
  hasNext: boolean;
  hasPrevious: boolean;
}

export interface PageRequest {
  first: number;
  /** Rows below this position; from the top when absent. */
  below?: bigint;
}

/** Cuts the page out of `first + 1` rows; the extra one tells whether there are more. */
export function pageOf<T>(rows: T[], total: number, request: PageRequest): Page<T> {
  return {
    rows: rows.slice(0, request.first),
    total,
    hasNext: rows.length > request.first,
    hasPrevious: request.below !== undefined,
  };
}
