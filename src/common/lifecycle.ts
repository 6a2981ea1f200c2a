/** What every long-lived part shares: start and stop, both idempotent, both returning the promise in flight. */
import type { Log } from './log.js';

export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What was started, to be stopped in reverse order; a part that fails to stop does not keep the others running. */
export class StartedParts {
  private readonly parts: { name: string; stop: () => Promise<void> }[] = [];
  private stopping: Promise<void> | undefined;

  constructor(private readonly log: Log) {}

  add(name: string, stop: () => Promise<void>): void {
    this.parts.push({ name, stop });
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopAll();
    return this.stopping;
  }

  private async stopAll(): Promise<void> {
    for (const { name, stop } of this.parts.reverse()) {
      await stop().catch((err) => this.log.error({ err }, `The ${name} did not stop cleanly`));
    }
  }
}
