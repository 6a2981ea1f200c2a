/** A connection to the thread of the embedded database, as the socket that the PostgreSQL client takes it for. */
import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

export class PortStream extends Duplex {
  private port: MessagePort | undefined;

  /** @param open makes the connection, or throws why there is none */
  constructor(private readonly open: () => MessagePort) {
    super();
  }

  connect(): this {
    try {
      this.port = this.open();
    } catch (error) {
      this.destroy(error as Error);
      return this;
    }
    this.port.on('message', (bytes: Uint8Array) => this.push(bytes));
    this.port.on('close', () => this.destroy(this.writableEnded ? undefined : new Error('Connection terminated')));
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    this.port?.ref();
    return this;
  }

  unref(): this {
    this.port?.unref();
    return this;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: unknown, done: () => void): void {
    // A copy: the client uses its buffer again.
    const message = new Uint8Array(bytes);
    this.port?.postMessage(message, [message.buffer]);
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), undefined, done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.port?.close();
    done(error);
  }
}
