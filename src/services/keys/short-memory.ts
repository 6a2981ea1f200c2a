/** Remembers what was looked up for a short while; concurrent questions share one look. */
export class ShortMemory<T> {
  private readonly known = new Map<string, { value: Promise<T>; until: number }>();

  /** `lifetime` in milliseconds; beyond `capacity` entries the oldest go. */
  constructor(
    private readonly lifetime: number,
    private readonly capacity: number,
  ) {}

  get(key: string, now: number, look: () => Promise<T>): Promise<T> {
    const found = this.known.get(key);
    if (found && found.until > now) return found.value;
    const entry = { value: look(), until: now + this.lifetime };
    this.known.delete(key);
    this.known.set(key, entry);
    if (this.known.size > this.capacity) this.known.delete(this.known.keys().next().value as string);
    // A look that failed is not remembered.
    entry.value.catch(() => {
      if (this.known.get(key) === entry) this.known.delete(key);
    });
    return entry.value;
  }

  clear(): void {
    this.known.clear();
  }
}
