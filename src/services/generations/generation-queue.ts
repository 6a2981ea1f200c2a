/**
 * Where generations wait for the model: it is given only what its slots can write at once, in an order that is fair to members
 * (fair-turns.ts). Whoever waits is told its place and for how long, by what replies have taken lately.
 */
import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { LanguageModelRuntime } from '../../runtime/types.js';
import type { QueuePlace } from '../services.js';
import {
  countServed,
  type Foreseen,
  foresee,
  nextToBegin,
  remainingTime,
  type ServedTurn,
  type SizedTurn,
} from './fair-turns.js';

export interface QueueEntry {
  /** Whose turn it takes. */
  member: string;
  /** The key that asked; undefined for the operator's own, which are not counted against a member's or a key's limits. */
  owner: string | undefined;
  /** Replies that are written at the same time. */
  rows: number;
}

/** A generation's place, from before it is planned until it has ended. */
export interface Place {
  /**
   * Resolves when the replies can begin, also when the signal aborts: they then end at once. `tell` hears the place in the queue at
   * once where there is a wait, and again whenever it changes.
   * Rejects with MODEL_UNAVAILABLE when the model goes away meanwhile.
   */
  turn(signal: AbortSignal, tell: (place: QueuePlace) => void): Promise<void>;
  /** Gives the place up; again does nothing. `complete`: the replies were written to their end, so their time counts. */
  leave(complete?: boolean): void;
}

/** How long a generation takes is taken from so many of the last ones; before the first, it is this. */
const MEASURED = 32;
const FIRST_GUESS_MS = 10_000;

interface Entry extends QueueEntry, SizedTurn {
  state: 'planned' | 'waiting' | 'written';
  beganAt: number;
  /** What it was told last. */
  ahead: number | undefined;
  begin(): void;
  fail(error: PalateError): void;
  tell(place: QueuePlace): void;
}

export interface QueueParts {
  runtime: Pick<LanguageModelRuntime, 'status' | 'onStatus'>;
  limits: Limits;
  /** Milliseconds; only differences matter. */
  clock?: () => number;
}

export class GenerationQueue {
  private readonly entries = new Set<Entry>();
  private readonly durations: number[] = [];
  /** When each member's last generation ended, by `order`, while anybody waits. */
  private readonly lastServed = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  private readonly clock: () => number;
  private order = 0;
  private toldRows = 0;

  constructor(private readonly parts: QueueParts) {
    this.clock = parts.clock ?? (() => performance.now());
    let wasReady = parts.runtime.status().ready;
    parts.runtime.onStatus(({ ready }) => {
      if (ready === wasReady) return;
      wasReady = ready;
      if (ready) this.serve();
      else this.failWaiting();
    });
  }

  /** Replies that wait for a slot here. */
  get waitingRows(): number {
    return this.inState('waiting').reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Calls `listener` after `waitingRows` changed, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Takes a place for a generation that is about to be planned.
   * @throws PalateError MODEL_UNAVAILABLE; LIMIT_EXCEEDED when too many wait, with the time until a place is free
   */
  enter(entry: QueueEntry): Place {
    this.requireModel();
    this.requireRoom(entry);
    const { limits } = this.parts;
    const atOnce = entry.owner === undefined ? Number.POSITIVE_INFINITY : limits.runningPerMember;
    const nothing = () => {};
    const placed: Entry = {
      ...entry,
      slots: Math.min(entry.rows, this.slots),
      atOnce,
      order: this.order++,
      state: 'planned',
      beganAt: 0,
      ahead: undefined,
      begin: nothing,
      fail: nothing,
      tell: nothing,
    };
    this.entries.add(placed);
    return {
      turn: (signal, tell) => this.wait(placed, signal, tell),
      leave: (complete = false) => this.leave(placed, complete),
    };
  }

  private wait(entry: Entry, signal: AbortSignal, tell: Entry['tell']): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        this.leave(entry);
        resolve();
      };
      const settle = () => signal.removeEventListener('abort', giveUp);
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      entry.begin = () => {
        settle();
        resolve();
      };
      entry.fail = (error) => {
        settle();
        this.leave(entry);
        reject(error);
      };
      entry.tell = tell;
      entry.state = 'waiting';
      if (this.parts.runtime.status().ready) this.serve();
      else entry.fail(this.modelAway());
    });
  }

  private leave(entry: Entry, complete = false): void {
    if (!this.entries.delete(entry)) return;
    if (entry.state === 'written') this.lastServed.set(entry.member, this.order++);
    if (this.entries.size === this.inState('written').length) this.lastServed.clear();
    if (complete && entry.state === 'written') {
      this.durations.push(this.clock() - entry.beganAt);
      if (this.durations.length > MEASURED) this.durations.shift();
    }
    this.serve();
  }

  /** Begins what can begin, and tells the others where they stand. */
  private serve(): void {
    while (this.parts.runtime.status().ready) {
      const served = this.inState('written');
      const free = this.slots - served.reduce((sum, { slots }) => sum + slots, 0);
      const next = nextToBegin(this.inState('waiting'), this.lastServed, countServed(served), free);
      if (!next) break;
      next.state = 'written';
      next.beganAt = this.clock();
      next.begin();
    }
    this.tellPlaces();
    this.tellListeners();
  }

  private tellListeners(): void {
    const { waitingRows } = this;
    if (waitingRows === this.toldRows) return;
    this.toldRows = waitingRows;
    for (const listener of this.listeners) listener();
  }

  private tellPlaces(): void {
    // Those who wait are about to be told that the model is away.
    if (!this.parts.runtime.status().ready) return;
    this.foreseen().forEach(({ turn: entry, wait }, ahead) => {
      if (entry.ahead === ahead) return;
      entry.ahead = ahead;
      entry.tell({ ahead, estimatedWaitMs: wait });
    });
  }

  private failWaiting(): void {
    for (const entry of this.inState('waiting')) entry.fail(this.modelAway());
  }

  private requireModel(): void {
    if (!this.parts.runtime.status().ready) throw this.modelAway();
  }

  private modelAway(): PalateError {
    const { readyAt } = this.parts.runtime.status();
    const retryAfterMs = readyAt === undefined ? undefined : Math.max(1, Math.ceil(readyAt - this.clock()));
    const message = 'The language model is not loaded. Wait until the pool is ready and try again.';
    return new PalateError('MODEL_UNAVAILABLE', message, { retryAfterMs });
  }

  private requireRoom({ member, owner }: QueueEntry): void {
    const { limits } = this.parts;
    const entries = [...this.entries];
    const waiting = entries.filter(({ state }) => state !== 'written');
    if (waiting.length >= limits.queuedGenerations) {
      throw this.queueFull(waiting, limits.queuedGenerations);
    }
    if (owner === undefined) return;
    const counted = entries.filter((entry) => entry.owner !== undefined);
    const ofMember = counted.filter((entry) => entry.member === member);
    const perMember = limits.runningPerMember + limits.waitingPerMember;
    if (ofMember.length >= perMember) throw this.tooMany(ofMember, 'generations of this member', perMember);
    const ofOwner = counted.filter((entry) => entry.owner === owner);
    if (ofOwner.length >= limits.runningPerBot) {
      throw this.tooMany(ofOwner, 'generations with this key', limits.runningPerBot);
    }
  }

  /** There is room again when the first that waits begins. */
  private queueFull(waiting: readonly Entry[], maximum: number): PalateError {
    const waits = this.foreseen().map(({ wait }) => wait);
    return refusal(
      `${waiting.length} generations wait already; at most ${maximum} may`,
      Math.min(...waits, this.typical),
    );
  }

  /** There is room again when the first of them ends. */
  private tooMany(entries: readonly Entry[], what: string, maximum: number): PalateError {
    const waits = new Map(this.foreseen().map(({ turn, wait }) => [turn, wait]));
    const ends = entries.map((entry) =>
      entry.state === 'written' ? this.remaining(entry) : (waits.get(entry) ?? 0) + this.typical,
    );
    return refusal(`There are ${entries.length} ${what} already; at most ${maximum} are allowed`, Math.min(...ends));
  }

  /** Those that wait, in the order in which they will begin. */
  private foreseen(): Foreseen<Entry>[] {
    const serving: ServedTurn[] = this.inState('written').map((entry) => ({
      member: entry.member,
      slots: entry.slots,
      elapsed: this.clock() - entry.beganAt,
    }));
    return foresee(this.inState('waiting'), serving, this.lastServed, this.slots, this.typical).map(
      ({ turn, wait }) => ({ turn, wait: Math.ceil(wait) }),
    );
  }

  private remaining({ beganAt }: Entry): number {
    const { typical } = this;
    return remainingTime(this.clock() - beganAt, typical);
  }

  /** Milliseconds that a generation takes, on average of the last ones. */
  private get typical(): number {
    const { durations } = this;
    if (durations.length === 0) return FIRST_GUESS_MS;
    return durations.reduce((sum, duration) => sum + duration, 0) / durations.length;
  }

  private get slots(): number {
    return this.parts.runtime.status().slots;
  }

  private inState(state: Entry['state']): Entry[] {
    return [...this.entries].filter((entry) => entry.state === state);
  }
}

function refusal(what: string, milliseconds: number): PalateError {
  const retryAfterMs = Math.max(1, Math.ceil(milliseconds));
  const seconds = Math.ceil(retryAfterMs / 1_000);
  return new PalateError('LIMIT_EXCEEDED', `${what}. Try again in about ${seconds} s.`, { retryAfterMs });
}
