/** How often which error was answered since the start. */
import { EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { ErrorCount } from '../contract/generated/types.js';

/** Milliseconds between two tellings: errors may rain. */
const TOLD_MS = 1_000;

export class ErrorTally {
  private readonly byCode = new Map<string, ErrorCount>();
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private total = 0;

  count(code: string): void {
    this.total++;
    this.byCode.set(code, { code, count: (this.byCode.get(code)?.count ?? 0) + 1, lastAt: new Date() });
    this.changes.emit('change');
  }

  /** The latest first. */
  list(): ErrorCount[] {
    return [...this.byCode.values()].sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime());
  }

  /** The list now, then after every change, at most once a second. */
  async *watch(signal: AbortSignal): AsyncGenerator<ErrorCount[]> {
    for (;;) {
      const told = this.total;
      yield this.list();
      await setTimeout(TOLD_MS, undefined, { signal });
      if (this.total === told) await once(this.changes, 'change', { signal });
    }
  }
}
