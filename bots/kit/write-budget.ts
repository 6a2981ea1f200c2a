/**
 * How often a bot may write somewhere, shared by everything that it writes there. Platforms count by channel or by workspace, not by
 * message: so what grows has to leave room for what is finished.
 *
 * What is finished goes first, in order. Every message that grows has its last write set aside, as far as that leaves one;
 * what remains of the window is spread over it evenly, and goes to whichever message was written longest ago. A message that
 * grows waits in line once, however often it changed meanwhile.
 */
export interface WriteRule {
  /** Writes in any window of this many milliseconds. */
  writes: number;
  windowMs: number;
}

/** FINAL: a finished answer, with what it is voted on with. CONTROL: buttons that go. GROWING: a state that the next one replaces. */
export type WriteKind = 'FINAL' | 'CONTROL' | 'GROWING';

export interface WantedWrite {
  kind: WriteKind;
  /** When the message was last written; -Infinity where it never was. */
  lastWritten: number;
}

/** What was written: when, oldest first, and when something that grows was written last. */
export interface WriteHistory {
  times: readonly number[];
  lastGrowing: number;
}

/** Milliseconds kept between windows, since requests do not travel equally fast. */
const MARGIN_MS = 200;
const ORDER: readonly WriteKind[] = ['FINAL', 'CONTROL', 'GROWING'];

/** The next write, as its place in `wanted`, or for how long there is none; null where nothing is wanted. `growing`: messages that grow. */
export function nextWrite(
  wanted: readonly WantedWrite[],
  { times, lastGrowing }: WriteHistory,
  growing: number,
  { writes, windowMs }: WriteRule,
  now: number,
): { write: number } | { wait: number } | null {
  if (wanted.length === 0) return null;
  const window = windowMs + MARGIN_MS;
  const recent = times.filter((time) => time > now - window);
  const kind = ORDER.find((one) => wanted.some((write) => write.kind === one)) as WriteKind;
  const reserve = kind === 'GROWING' ? Math.min(growing, writes - 1) : 0;
  const room = writes - reserve;
  // Room again when the oldest of the newest `room` writes leaves the window.
  const full = recent.length >= room ? recent[recent.length - room] + window - now : 0;
  const pace = kind === 'GROWING' ? lastGrowing + windowMs / room - now : 0;
  const wait = Math.max(full, pace);
  if (wait > 0) return { wait };
  const fitting = wanted.flatMap((write, place) => (write.kind === kind ? [{ ...write, place }] : []));
  const [first] = kind === 'GROWING' ? fitting.sort((a, b) => a.lastWritten - b.lastWritten) : fitting;
  return { write: first.place };
}

interface Waiting extends WantedWrite {
  /** The message it is about. */
  message: object;
  start(): void;
}

/** One place that writes are counted in. */
export class WriteLane {
  private waiting: Waiting[] = [];
  times: number[] = [];
  lastGrowing = Number.NEGATIVE_INFINITY;
  private readonly growing = new Set<object>();
  private readonly written = new WeakMap<object, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly rule: WriteRule) {}

  /** A message begins to grow here: its last write is set aside until it leaves. */
  join(message: object): void {
    this.growing.add(message);
  }

  /** Calls `start` when it may be written. A message waits once: a later request takes the place of an earlier one. */
  request(message: object, kind: WriteKind, start: () => void): void {
    const write = { message, kind, start, lastWritten: this.written.get(message) ?? Number.NEGATIVE_INFINITY };
    const place = this.waiting.findIndex((one) => one.message === message);
    if (place >= 0 && this.waiting[place].kind === kind) this.waiting[place] = write;
    else this.waiting = [...this.waiting.filter((one) => one.message !== message), write];
    this.pump();
  }

  /** Resolves when something may be written that does not grow. */
  turn(kind: Exclude<WriteKind, 'GROWING'>, message: object = {}): Promise<void> {
    return new Promise((resolve) => this.request(message, kind, resolve));
  }

  /** The message grows no more: what waits of it is dropped, and nothing is set aside for it. */
  leave(message: object): void {
    this.growing.delete(message);
    this.waiting = this.waiting.filter((one) => one.message !== message);
    this.pump();
  }

  /** Whether it can be forgotten. */
  get isIdle(): boolean {
    const last = this.times.at(-1) ?? Number.NEGATIVE_INFINITY;
    return this.growing.size === 0 && this.waiting.length === 0 && last < performance.now() - 2 * this.rule.windowMs;
  }

  private pump(): void {
    clearTimeout(this.timer);
    for (;;) {
      const now = performance.now();
      const next = nextWrite(this.waiting, this, this.growing.size, this.rule, now);
      if (next === null) return;
      if ('wait' in next) {
        this.timer = setTimeout(() => this.pump(), Math.ceil(next.wait));
        return;
      }
      const [{ message, kind, start }] = this.waiting.splice(next.write, 1);
      this.times = [...this.times, now].slice(-this.rule.writes);
      this.written.set(message, now);
      if (kind === 'GROWING') this.lastGrowing = now;
      start();
    }
  }
}

const IDLE = 500;

/** The lanes of one kind of write, by where they are counted. */
export class WriteBudget {
  private readonly lanes = new Map<string, WriteLane>();

  constructor(private readonly rule: WriteRule) {}

  lane(place: string): WriteLane {
    const known = this.lanes.get(place);
    if (known) return known;
    if (this.lanes.size >= IDLE) for (const [key, { isIdle }] of this.lanes) if (isIdle) this.lanes.delete(key);
    const lane = new WriteLane(this.rule);
    this.lanes.set(place, lane);
    return lane;
  }
}
