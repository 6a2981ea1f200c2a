/**
 * Pairs of verdicts that were trained on lately, by ledger position: a position names a verdict with its contents, so the pairs of one
 * never change while model and checkpoint stay. A training then reads only the features of verdicts that are new.
 */
import { LRUCache } from 'lru-cache';
import type { LatentPair } from '../preferences/pairing.js';

/** Members kept; the ones that were trained longest ago go first. */
const MEMBERS = 500;

export class PairCache {
  private readonly members: LRUCache<string, ReadonlyMap<bigint, LatentPair[]>>;

  constructor(limit = MEMBERS) {
    this.members = new LRUCache({ max: limit });
  }

  of(memberId: string): ReadonlyMap<bigint, LatentPair[]> {
    return this.members.get(memberId) ?? new Map();
  }

  /** Keeps these pairs and no others of the member. */
  keep(memberId: string, pairs: ReadonlyMap<bigint, LatentPair[]>): void {
    if (pairs.size > 0) this.members.set(memberId, pairs);
    else this.members.delete(memberId);
  }

  clear(): void {
    this.members.clear();
  }
}
