/** Whether the platform is away, since when, and what is said about it. */
import type { PluginHealth } from '../../src/plugins/contract.js';

/** Milliseconds for saying goodbye when a connection is ended. */
export const GOODBYE_MS = 1_000;
/** Milliseconds in which the platform has to let a bot in: less than a start may take, so that it can be said what is in the way. */
export const CONNECT_MS = 25_000;
/** Milliseconds an outage may last before it is told: platforms ask for new connections many times a day. */
export const BRIEF_MS = 10_000;
/** Milliseconds for which it is left to mend itself; then the plugin is started anew. */
export const PATIENT_MS = 300_000;

export class Outage {
  /** Milliseconds since 1970; for people to read. */
  since: number | null = null;
  reason: string | null = null;
  /** Monotonic, for how long it lasts. */
  private beganAt = 0;

  /** @param now milliseconds; only differences matter */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** It is away, and still was if it was before. */
  began(reason: string | null = null): void {
    this.reason = reason ?? this.reason;
    if (this.since !== null) return;
    this.since = Date.now();
    this.beganAt = this.now();
  }

  over(): void {
    this.since = null;
    this.reason = null;
  }

  /** How the plugin is meanwhile; `say` gets the moment since when. */
  health(say: (since: string, why: string) => string): PluginHealth {
    this.began();
    const lasts = this.now() - this.beganAt;
    const message = say(timeOf(this.since ?? 0), this.reason ? ` (${this.reason})` : '');
    return { ok: lasts < BRIEF_MS, message, recovers: lasts < PATIENT_MS };
  }
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)} UTC`;
}
