export interface ContractChanges {
  /** What would break a client of the old contract. */
  breaking: string[];
  /** What may surprise one. */
  dangerous: string[];
  /** Deprecations that do not say what to use instead and until when. */
  undocumented: string[];
}

export function compareContracts(before: string, after: string): ContractChanges;
