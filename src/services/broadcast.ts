/** Changes, handed to everybody who watches, in order. A slow reader makes nobody wait: its unread events are merged instead. */

/** Whether the unread `earlier` says nothing that `later` does not. */
export type Supersedes<T> = (later: T, earlier: T) => boolean;

export class Broadcast<T> {
  private readonly subscriptions = new Set<Subscription<T>>();

  /** `pending`: unread events kept for one reader; beyond it the oldest go. */
  constructor(
    private readonly supersedes: Supersedes<T>,
    private readonly pending: number,
  ) {}

  publish(event: T): void {
    for (const subscription of this.subscriptions) subscription.offer(event);
  }

  /** Events from this moment until `signal` aborts, the reader returns or what they are `about` ends. */
  subscribe(signal: AbortSignal, wanted: (event: T) => boolean = () => true, about?: string): AsyncIterableIterator<T> {
    const subscription = new Subscription<T>(wanted, this.supersedes, this.pending, about);
    if (signal.aborted) {
      subscription.close();
      return subscription;
    }
    this.subscriptions.add(subscription);
    const close = () => subscription.close();
    subscription.onClose = () => {
      this.subscriptions.delete(subscription);
      signal.removeEventListener('abort', close);
    };
    signal.addEventListener('abort', close, { once: true });
    return subscription;
  }

  /** Whoever watches this and nothing else has seen all of it. */
  end(about: string): void {
    for (const subscription of this.subscriptions) if (subscription.about === about) subscription.close();
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.close();
  }
}

class Subscription<T> implements AsyncIterableIterator<T> {
  onClose: () => void = () => undefined;
  private readonly unread: T[] = [];
  private waiting: ((result: IteratorResult<T>) => void)[] = [];
  private closed = false;

  constructor(
    private readonly wanted: (event: T) => boolean,
    private readonly supersedes: Supersedes<T>,
    private readonly pending: number,
    readonly about: string | undefined,
  ) {}

  offer(event: T): void {
    if (this.closed || !this.wanted(event)) return;
    const reader = this.waiting.shift();
    if (reader) {
      reader({ value: event, done: false });
      return;
    }
    const last = this.unread.at(-1);
    if (last !== undefined && this.supersedes(event, last)) this.unread.pop();
    else if (this.unread.length >= this.pending) this.unread.shift();
    this.unread.push(event);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const reader of this.waiting) reader({ value: undefined, done: true });
    this.waiting = [];
    this.onClose();
  }

  async next(): Promise<IteratorResult<T>> {
    if (this.unread.length > 0) return { value: this.unread.shift() as T, done: false };
    if (this.closed) return { value: undefined, done: true };
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async return(): Promise<IteratorResult<T>> {
    this.unread.length = 0;
    this.close();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }
}
