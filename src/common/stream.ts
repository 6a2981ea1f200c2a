/** Events on their way to one reader, who may be slower than they happen: the one stream of the product, and a leaf that every room may import. */

export interface StreamOptions<T> {
  /** What an event is about: only the newest unread event about the same is merged with. All are about the same unless it is given. */
  subject?: (event: T) => unknown;
  /** The event that says the same as `unread` followed by `next`, where there is one. */
  merge?: (unread: T, next: T) => T | undefined;
  /** Unread events kept, after merging; no bound unless given. Beyond it the oldest go, or all of them where `overflow` gives an error. */
  limit?: number;
  /** The error that a reader gets who has fallen behind the limit. */
  overflow?: () => Error;
  /** Ends the stream when it aborts. */
  signal?: AbortSignal;
  /** Called once, when nothing follows any more: the source has ended, failed or been given up by its reader. */
  onEnd?: (stream: Stream<T>) => void;
}

type Step<T> = IteratorResult<T, undefined>;

/** Not an async generator: those keep a `return()` waiting until a `next()` that is under way has its event. */
export class Stream<T> implements AsyncIterableIterator<T, undefined, undefined> {
  private readonly unread: T[] = [];
  private readonly readers: ((step: Promise<Step<T>> | Step<T>) => void)[] = [];
  private failure: { error: unknown } | undefined;
  private over = false;
  private readonly aborted = () => this.end();

  constructor(private readonly options: StreamOptions<T> = {}) {
    options.signal?.addEventListener('abort', this.aborted, { once: true });
    if (options.signal?.aborted) this.end();
  }

  /** Whether nothing follows what is unread. */
  get ended(): boolean {
    return this.over;
  }

  /** One more event; after the end it is passed over. */
  push(event: T): void {
    if (this.over) return;
    const reader = this.readers.shift();
    if (reader) reader({ done: false, value: event });
    else if (!this.merge(event)) this.keep(event);
  }

  /** Nothing follows; with an error, the reader gets it behind what is unread. */
  end(error?: unknown): void {
    if (this.over) return;
    this.over = true;
    if (error !== undefined) this.failure = { error };
    for (const reader of this.readers.splice(0)) reader(this.last());
    this.options.signal?.removeEventListener('abort', this.aborted);
    this.options.onEnd?.(this);
  }

  async next(): Promise<Step<T>> {
    if (this.unread.length > 0) return { done: false, value: this.unread.shift() as T };
    if (this.over) return this.last();
    return new Promise((resolve) => this.readers.push(resolve));
  }

  /** Gives up what is unread, and ends the stream at once, also while a `next()` waits. */
  async return(): Promise<Step<T>> {
    this.unread.length = 0;
    this.end();
    this.failure = undefined;
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private merge(event: T): boolean {
    const { merge, subject = () => undefined } = this.options;
    if (!merge) return false;
    const about = subject(event);
    const at = this.unread.findLastIndex((unread) => subject(unread) === about);
    const merged = at < 0 ? undefined : merge(this.unread[at], event);
    if (merged === undefined) return false;
    this.unread[at] = merged;
    return true;
  }

  private keep(event: T): void {
    const { limit = Number.POSITIVE_INFINITY, overflow } = this.options;
    this.unread.push(event);
    if (this.unread.length <= limit) return;
    if (!overflow) {
      this.unread.shift();
      return;
    }
    this.unread.length = 0;
    this.end(overflow());
  }

  /** The step behind the last event: the failure once, then that it is done. */
  private async last(): Promise<Step<T>> {
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }
}

/**
 * The source's events, each step towards them taken by way of `by`, which may look at what comes or change it. A `return()` is handed to the
 * source at once, also while a `next()` waits.
 */
export function stepwise<T, U = T>(
  source: AsyncIterator<T>,
  by: (take: () => Promise<IteratorResult<T>>) => Promise<IteratorResult<U>>,
): AsyncIterableIterator<U> {
  return {
    next: () => by(() => source.next()),
    return: () => by(async () => (await source.return?.()) ?? { done: true, value: undefined }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
