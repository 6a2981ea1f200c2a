/** The real ledger beside the model: a store in a folder, the preference service over it, and a way to crash. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { createLog } from '../../src/common/log.js';
import { NO_HOOKS } from '../../src/services/generations/hooks.js';
import { preferenceService } from '../../src/services/preferences/preferences.js';
import type { PreferenceService } from '../../src/services/services.js';
import { openStore, type Store } from '../../src/store/store.js';
import type { ClaimedJob } from '../../src/store/training-work.js';
import { prepareDatabase } from '../store/template.js';
import { type SteppedClock, steppedClock } from '../support/stepped-clock.js';

export const DIGESTS = { model: 'model', checkpoint: 'checkpoint' };

export class LedgerWorld {
  /** Jobs in work, by member id. */
  readonly claimed = new Map<string, ClaimedJob>();

  private constructor(
    private folder: string,
    public store: Store,
    public preferences: PreferenceService,
    /** Keeps the members of one run apart from those of others on the same store. */
    public run: number,
    private readonly clock: SteppedClock,
  ) {}

  static async open(): Promise<LedgerWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'palate-property-'));
    await prepareDatabase(folder);
    const clock = steppedClock();
    const store = await openStore({ data: folder }, createLog('error'));
    return new LedgerWorld(folder, store, preferencesOver(store), 0, clock);
  }

  refOf(person: number) {
    return { platform: `run-${this.run}`, externalId: String(person), scope: '' };
  }

  /** The id of the person's member row; null while there is none. */
  async memberId(person: number): Promise<string | null> {
    return (await this.store.members.byIdentity(this.refOf(person)))?.id ?? null;
  }

  /** Sets the machine's clock, by which the embedded database goes as well, so far from where it was at first. */
  setClock(milliseconds: number): void {
    this.clock.set(milliseconds);
  }

  /** The files as they are at this moment, which is what a kill leaves, opened by another process. */
  async crash(): Promise<void> {
    const left = this.folder;
    this.folder = await mkdtemp(join(tmpdir(), 'palate-property-'));
    await cp(join(left, 'database'), join(this.folder, 'database'), { recursive: true });
    await this.store.close();
    await rm(left, { recursive: true });
    this.store = await openStore({ data: this.folder }, createLog('error'));
    this.preferences = preferencesOver(this.store);
    this.claimed.clear();
    await this.store.trainingJobs.recover({ all: true, maximumAttempts: 1_000 });
  }

  async close(): Promise<void> {
    await this.store.close();
    this.clock.restore();
    await rm(this.folder, { recursive: true });
  }
}

function preferencesOver(store: Store): PreferenceService {
  return preferenceService({
    store,
    trainable: true,
    isRunning: () => false,
    onQueued: () => undefined,
    hooks: NO_HOOKS,
    limits: DEFAULT_LIMITS,
  });
}
