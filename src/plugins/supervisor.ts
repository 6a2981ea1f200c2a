/** Keeps one plugin running: starts it, asks how it is, starts it again when it fails, each time a little later. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PluginTimes } from '../common/config.js';
import { messageOf } from '../common/errors.js';
import type { Log } from '../common/log.js';
import { planRestart } from '../common/restart.js';
import type { PluginStatus } from '../contract/generated/types.js';
import type { PluginHealth } from './contract.js';
import type { Launched } from './launch.js';

export interface SupervisedState {
  status: Exclude<PluginStatus, 'BROKEN'>;
  message: string | null;
  restarts: number;
  startedAt: Date | null;
  restartAt: Date | null;
}

export interface SupervisorParts {
  name: string;
  launch(signal: AbortSignal): Promise<Launched>;
  times: PluginTimes;
  log: Log;
  /** Takes secrets out of what the plugin said. */
  cover(text: string): string;
  onChange(): void;
}

const IDLE = { message: null, restarts: 0, startedAt: null, restartAt: null };

export class Supervisor {
  state: SupervisedState = { status: 'STOPPED', ...IDLE };
  /** The running plugin, while there is one. */
  launched: Launched | null = null;
  private stopped: AbortController | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly parts: SupervisorParts) {}

  /** Begins; what becomes of it is in the state. */
  start(): void {
    if (this.stopped && !this.stopped.signal.aborted) return;
    const stopped = new AbortController();
    this.stopped = stopped;
    this.running = this.running.then(() => this.run(stopped.signal));
  }

  /** Resolves when it has stopped. @param rest how it rests then */
  async stop(rest: 'STOPPED' | 'UNCONFIGURED' = 'STOPPED', message: string | null = null): Promise<void> {
    this.stopped?.abort();
    await this.running;
    this.become({ ...IDLE, status: rest, message });
  }

  private become(change: Partial<SupervisedState>): void {
    this.state = { ...this.state, ...change };
    this.parts.onChange();
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { name, times, log } = this.parts;
    this.state = { ...this.state, ...IDLE };
    for (let failures = 0; !signal.aborted; ) {
      this.become({ status: 'STARTING', message: null, restartAt: null, startedAt: null });
      const { failure, ranFor } = await this.runOnce(signal);
      if (!failure || signal.aborted) return;
      const message = this.parts.cover(messageOf(failure));
      if (isSetupError(failure)) {
        log.error({ plugin: name }, `The plugin cannot work with its settings: ${message}`);
        this.become({ ...IDLE, status: 'UNCONFIGURED', message });
        this.stopped?.abort();
        return;
      }
      const next = planRestart(failures, ranFor, times);
      failures = next.failures;
      log.error({ plugin: name, restartInMs: next.delay }, `The plugin failed: ${message}`);
      this.become({ status: 'WAITING', message, startedAt: null, restartAt: new Date(Date.now() + next.delay) });
      await delay(next.delay, undefined, { signal }).catch(() => {});
      this.state.restarts += 1;
    }
  }

  private async runOnce(signal: AbortSignal): Promise<{ failure: Error | null; ranFor: number }> {
    const began = performance.now();
    let started = false;
    try {
      this.launched = await this.parts.launch(signal);
      started = true;
      this.become({ status: 'RUNNING', startedAt: new Date() });
      const failure = await this.watch(this.launched, signal);
      if (signal.aborted) this.become({ status: 'STOPPING' });
      return { failure, ranFor: performance.now() - began };
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(messageOf(error));
      return { failure, ranFor: started ? performance.now() - began : 0 };
    } finally {
      const { launched } = this;
      this.launched = null;
      await launched?.stop();
    }
  }

  /** Why the plugin is over; null when it was stopped. */
  private async watch(launched: Launched, signal: AbortSignal): Promise<Error | null> {
    const { times } = this.parts;
    const ended = new AbortController();
    const over = AbortSignal.any([signal, ended.signal]);
    let failure: Error | null = null;
    void launched.failed.then((error) => {
      failure = error;
      ended.abort();
    });
    for (let bad = 0; ; ) {
      await delay(times.healthInterval, undefined, { signal: over }).catch(() => {});
      if (over.aborted) break;
      const health = await launched.health().catch((error: unknown): PluginHealth => {
        if (isSetupError(error)) failure = error;
        return { ok: false, message: messageOf(error) };
      });
      if (over.aborted || failure) break;
      bad = health.ok || health.recovers ? 0 : bad + 1;
      const said = health.message ?? (health.ok ? null : 'It does not say why.');
      const message = said && this.parts.cover(said);
      if (bad >= times.badHealth) failure = new Error(`It was unwell ${bad} times in a row: ${message}`);
      const status = health.ok ? 'RUNNING' : 'UNWELL';
      if (status !== this.state.status || message !== this.state.message) this.become({ status, message });
      if (failure) break;
    }
    return signal.aborted ? null : failure;
  }
}

/** By name: the error may come from another process, or from another copy of the contract. */
function isSetupError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'PluginSetupError';
}
