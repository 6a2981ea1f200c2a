/** Erases what the retention policy lets expire, and erases for good what was removed: at a quiet moment, else when the time is up. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '../../common/config.js';
import { isStoreUnavailable } from '../../common/errors.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import type { Store } from '../../store/store.js';

export interface HousekeepingParts {
  store: Pick<Store, 'cleanUp'>;
  retention: Pick<Settings, 'textDays' | 'cleanUpMinutes'>;
  /** Whether nothing is being written or trained, so that nobody waits for the database. */
  isQuiet(): boolean;
  /** Drops what is kept in memory of prompts and verdicts. */
  dropCaches(): Promise<void>;
  log: Log;
  /** Milliseconds since 1970: ages of texts are counted by the calendar. */
  now?: () => number;
  /** Milliseconds that are never set back: by them is done what was announced. */
  clock?: () => number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Between two looks for texts that expire, and for a quiet moment. */
const SWEEP_MS = 60 * MINUTE_MS;
const LOOK_MS = 5_000;
/** Generations erased in one transaction. */
const BATCH = 200;

export class Housekeeping implements Lifecycle {
  private readonly stopped = new AbortController();
  private readonly timers: NodeJS.Timeout[] = [];
  private starting: Promise<void> | undefined;
  private working: Promise<void> = Promise.resolve();

  private readonly now: () => number;
  private readonly clock: () => number;
  /** Since when something waits to be erased for good, by `clock`. */
  private waiting: number | undefined;

  constructor(private readonly parts: HousekeepingParts) {
    this.now = parts.now ?? Date.now;
    this.clock = parts.clock ?? (() => performance.now());
  }

  /** Finishes first what an earlier process was to erase for good. */
  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.stopped.abort();
    for (const timer of this.timers) clearInterval(timer);
    await this.working;
  }

  /** The latest moment by which what is removed now will have been erased for good. */
  deadline(removedAt: Date): Date {
    return new Date(removedAt.getTime() + this.parts.retention.cleanUpMinutes * MINUTE_MS);
  }

  /** Call after something was removed. */
  removed(): void {
    this.waiting ??= this.clock();
    if (this.parts.retention.cleanUpMinutes === 0) this.enqueue(() => this.cleanUp());
  }

  /** Erases for good what waits for it, if nobody minds or the time is up. */
  async look(): Promise<void> {
    const { store, retention } = this.parts;
    if (!(await store.cleanUp.pendingSince())) {
      this.waiting = undefined;
      return;
    }
    this.waiting ??= this.clock();
    const isTime = this.clock() - this.waiting >= retention.cleanUpMinutes * MINUTE_MS;
    if (this.parts.isQuiet() || isTime) await this.cleanUp();
  }

  private async begin(): Promise<void> {
    this.enqueue(() => this.sweep());
    this.enqueue(() => this.cleanUp());
    await this.working;
    this.every(SWEEP_MS, () => this.sweep());
    this.every(LOOK_MS, () => this.look());
  }

  private every(milliseconds: number, work: () => Promise<void>): void {
    const timer = setInterval(() => this.enqueue(work), milliseconds);
    timer.unref();
    this.timers.push(timer);
  }

  /** One thing after the other; a failure is logged, and the next look tries again. */
  private enqueue(work: () => Promise<void>): void {
    this.working = this.working.then(async () => {
      if (this.stopped.signal.aborted) return;
      await work().catch((err) => {
        if (isStoreUnavailable(err)) return;
        this.parts.log.error({ err }, 'Erasing what was removed failed; it is tried again');
      });
    });
  }

  private async sweep(): Promise<void> {
    const { store, retention, log } = this.parts;
    if (retention.textDays === 0) return;
    const now = this.now();
    await store.cleanUp.redateTexts(new Date(now + DAY_MS));
    const before = new Date(now - retention.textDays * DAY_MS);
    let total = 0;
    for (let count = BATCH; count === BATCH && !this.stopped.signal.aborted; total += count) {
      count = await store.cleanUp.expireTexts(before, BATCH);
      // Others have their turn between two batches.
      await delay(0);
    }
    if (total === 0) return;
    await this.parts.dropCaches();
    log.info({ generations: total }, 'The texts of old generations were erased');
    this.removed();
  }

  private async cleanUp(): Promise<void> {
    const { store, log } = this.parts;
    if (!(await store.cleanUp.pendingSince())) return;
    const started = performance.now();
    // What is removed from here on waits anew; what this run does not erase goes on waiting since it did.
    const since = this.waiting;
    this.waiting = undefined;
    try {
      await store.cleanUp.run();
    } catch (error) {
      this.waiting = since ?? this.waiting;
      throw error;
    }
    log.info({ ms: Math.round(performance.now() - started) }, 'What was removed was erased from the database for good');
  }
}
