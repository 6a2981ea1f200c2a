/**
 * Pairs of verdicts that were trained on lately, by ledger position: a position names a verdict with its contents, so the pairs of one
 * never change while model and checkpoint stay. A training then reads only the features of verdicts that are new.
 */
import type { LatentPair } from '../preferences/pairing.js';

/** Members kept; the ones that were trained longest ago go first. */
const MEMBERS = 500;

export class PairCache {
  private readonly members = new Map<string, Map<bigint, LatentPair[]>>();

  constructor(private readonly limit = MEMBERS) {}

  of(memberId: string): ReadonlyMap<bigint, LatentPair[]> {
    return this.members.get(memberId) ?? new Map();
  }

  /** Keeps these pairs and no others of the member. */
  keep(memberId: string, pairs: Map<bigint, LatentPair[]>): void {
    this.members.delete(memberId);
    if (pairs.size > 0) this.members.set(memberId, pairs);
    if (this.members.size > this.limit) this.members.delete(this.members.keys().next().value as string);
  }

  clear(): void {
    this.members.clear();
  }
}
