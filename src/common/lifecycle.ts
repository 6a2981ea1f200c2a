/** What every long-lived part shares: start and stop, both idempotent, both returning the promise in flight. */

export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * What a start has begun or opened, to be let go of in reverse order when it fails, is given up, or is over. Each part is put down before
 * it is begun, so that one that fails halfway is let go of as well; one that fails to stop does not keep the others open.
 */
export class StartedParts {
  private readonly parts: { name: string; stop: () => Promise<void> | void }[] = [];
  private stopping: Promise<void> | undefined;

  /**
   * @param onFailure told of a part that did not stop cleanly
   * @param signal gives the start up
   */
  constructor(
    private readonly onFailure: (name: string, error: unknown) => void,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * What comes when all is over already is stopped at once.
   * @throws the signal's reason where the start was given up: the part is not to be begun
   */
  add(name: string, stop: () => Promise<void> | void): void {
    if (this.stopping) this.stopping = this.stopping.then(() => this.stopOne(name, stop));
    else this.parts.push({ name, stop });
    this.signal?.throwIfAborted();
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    for (const { name, stop } of this.parts.reverse()) await this.stopOne(name, stop);
  }

  private async stopOne(name: string, stop: () => Promise<void> | void): Promise<void> {
    try {
      await stop();
    } catch (error) {
      this.onFailure(name, error);
    }
  }
}
