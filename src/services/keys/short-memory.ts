/** Remembers what was looked up for a short while; concurrent questions share one look. */
import { LRUCache } from 'lru-cache';

export class ShortMemory<T> {
  private readonly known: LRUCache<string, Promise<T>>;

  /** `lifetime` in milliseconds, by `clock`, which is never set back; beyond `capacity` entries the least recently used go. */
  constructor(lifetime: number, capacity: number, clock: () => number) {
    this.known = new LRUCache({ max: capacity, ttl: lifetime, ttlResolution: 0, perf: { now: clock } });
  }

  get(key: string, look: () => Promise<T>): Promise<T> {
    const known = this.known.get(key);
    if (known) return known;
    const looking = look();
    this.known.set(key, looking);
    // A look that failed is not remembered.
    looking.catch(() => {
      if (this.known.peek(key) === looking) this.known.delete(key);
    });
    return looking;
  }

  clear(): void {
    this.known.clear();
  }
}
