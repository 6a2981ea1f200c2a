/** What the worker was asked and has not done yet: what begins or ends replies first, and the rest one at a time between their steps. */
import type { ToWorker } from './messages.js';

/** Long work that nobody watches; these keep their order among themselves. */
const BEHIND: readonly ToWorker['kind'][] = ['read', 'score', 'drop prompts'];

export class Inbox {
  private readonly replies: ToWorker[] = [];
  private readonly behind: ToWorker[] = [];
  private stepDue = false;

  get empty(): boolean {
    return this.replies.length === 0 && this.behind.length === 0;
  }

  /** Whether the next thing to do is to end. */
  get stopping(): boolean {
    return this.replies[0]?.kind === 'stop';
  }

  add(message: ToWorker): void {
    (BEHIND.includes(message.kind) ? this.behind : this.replies).push(message);
  }

  /** What begins or ends replies, for whoever is in the middle of something long; the word to stop is left where it is. */
  takeUrgent(): ToWorker | undefined {
    return this.stopping ? undefined : this.replies.shift();
  }

  /**
   * The next message; undefined where the replies under way are to go on by a step first.
   * @param idle whether no reply is under way
   */
  take(idle: boolean): ToWorker | undefined {
    const urgent = this.replies.shift();
    if (urgent) return urgent;
    const next = this.stepDue && !idle ? undefined : this.behind.shift();
    this.stepDue = next !== undefined;
    return next;
  }
}
