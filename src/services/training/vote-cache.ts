/**
 * Verdicts that were trained on lately, as the learning sees them, by ledger position: a position names a verdict with its contents, so
 * that never changes while model and checkpoint stay. A training then reads only the features of verdicts that are new.
 */
import { LRUCache } from 'lru-cache';
import type { Vote } from '../../learning/votes.js';

/** Members kept; the ones that were trained longest ago go first. */
const MEMBERS = 500;

export class VoteCache {
  private readonly members: LRUCache<string, ReadonlyMap<bigint, Vote>>;

  constructor(limit = MEMBERS) {
    this.members = new LRUCache({ max: limit });
  }

  of(memberId: string): ReadonlyMap<bigint, Vote> {
    return this.members.get(memberId) ?? new Map();
  }

  /** Keeps these votes and no others of the member. */
  keep(memberId: string, votes: ReadonlyMap<bigint, Vote>): void {
    if (votes.size > 0) this.members.set(memberId, votes);
    else this.members.delete(memberId);
  }

  clear(): void {
    this.members.clear();
  }
}
