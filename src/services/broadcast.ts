/** Changes, handed to everybody who watches, in order. A slow reader makes nobody wait: its unread events are merged instead. */
import { Stream, type StreamOptions } from '../common/stream.js';

interface Interest<T> {
  wanted: (event: T) => boolean;
  about: string | undefined;
}

export class Broadcast<T> {
  private readonly watchers = new Map<Stream<T>, Interest<T>>();

  /** What is done with events that a reader has not read yet. */
  constructor(private readonly unread: Pick<StreamOptions<T>, 'subject' | 'merge' | 'limit'>) {}

  publish(event: T): void {
    for (const [stream, { wanted }] of this.watchers) if (wanted(event)) stream.push(event);
  }

  /** Events from this moment until `signal` aborts, the reader returns or what they are `about` ends. */
  subscribe(signal: AbortSignal, wanted: (event: T) => boolean = () => true, about?: string): Stream<T> {
    const stream = new Stream<T>({ ...this.unread, signal, onEnd: (ended) => this.watchers.delete(ended) });
    if (!stream.ended) this.watchers.set(stream, { wanted, about });
    return stream;
  }

  /** Whoever watches this and nothing else has seen all of it. */
  end(about: string): void {
    for (const [stream, interest] of this.watchers) if (interest.about === about) stream.end();
  }

  close(): void {
    for (const stream of this.watchers.keys()) stream.end();
  }
}
