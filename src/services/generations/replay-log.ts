/** A sequence that is written once and may be read by any number of readers, each from where it begins, while it grows. */
export class ReplayLog<T> implements AsyncIterable<T> {
  private readonly items: T[] = [];
  private begin = 0;
  private waiting: (() => void)[] = [];
  private done = false;
  private failure: unknown;

  push(item: T): void {
    this.items.push(item);
    this.notify();
  }

  /** What is there is past: whoever reads from now on begins behind it. */
  pass(): void {
    this.begin = this.items.length;
  }

  /** Nothing follows; with an error, readers get it behind the last item. */
  end(failure?: unknown): void {
    this.done = true;
    this.failure = failure;
    this.notify();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (let at = this.begin; ; ) {
      while (at < this.items.length) yield this.items[at++];
      if (this.done) break;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private notify(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
