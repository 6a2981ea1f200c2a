/** Follows the trainings of one member, and shows the one that a vote began. */
import type { Member, MemberRef, PalateClient, TrainingJob } from '../../client/index.js';
import { type Learned, renderTraining } from './render.js';
import type { Terminal } from './terminal.js';

/** Milliseconds after which a training that takes long is left to itself; trainings take well under a second. */
const PATIENCE_MS = 60_000;
const FINAL = new Set(['SUCCEEDED', 'REJECTED', 'FAILED', 'CANCELLED']);

/** Keeps the newest state of a member's trainings from one subscription, begun before the first vote so that no event is missed. */
export class TrainingFollower {
  private readonly jobs = new Map<string, TrainingJob>();
  private listeners = new Set<() => void>();
  private readonly stopped = new AbortController();
  private failure: unknown;

  constructor(client: PalateClient, memberId: string) {
    void this.read(client, memberId);
  }

  /** Calls back with every state of the job until it is final; resolves with the last one, or undefined when patience ends first. */
  async follow(job: TrainingJob, onChange: (job: TrainingJob) => void): Promise<TrainingJob | undefined> {
    const deadline = performance.now() + PATIENCE_MS;
    let seen: TrainingJob | undefined;
    for (;;) {
      const now = this.jobs.get(job.id) ?? job;
      if (now !== seen) onChange(now);
      seen = now;
      if (FINAL.has(now.status)) return now;
      if (this.failure) throw this.failure;
      if (!(await this.change(deadline - performance.now()))) return undefined;
    }
  }

  stop(): void {
    this.stopped.abort();
  }

  private async read(client: PalateClient, memberId: string): Promise<void> {
    try {
      for await (const job of client.trainingStatus(memberId, { signal: this.stopped.signal })) {
        this.jobs.set(job.id, job);
        for (const listener of this.listeners) listener();
      }
    } catch (error) {
      this.failure = error;
      for (const listener of this.listeners) listener();
    }
  }

  /** Whether something changed before the time was over. */
  private change(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (changed: boolean) => {
        clearTimeout(timer);
        this.listeners.delete(listener);
        resolve(changed);
      };
      const listener = () => done(true);
      const timer = setTimeout(() => done(false), Math.max(0, milliseconds));
      this.listeners.add(listener);
    });
  }
}

/** Everything about the member that a conversation needs to know and show. */
export class MemberState {
  private follower: TrainingFollower | undefined;
  private member: Member | null = null;

  constructor(
    private readonly client: PalateClient,
    private readonly terminal: Terminal,
    private readonly ref: MemberRef,
  ) {}

  get learned(): Learned {
    const { version = 0, verdictCount = 0, capacity = 'PRIOR' } = this.member?.encoder ?? {};
    return { version, votes: verdictCount, empty: capacity === 'PRIOR' };
  }

  /** Reads the member anew; from the moment there is one, their trainings are followed. */
  async refresh(): Promise<Learned> {
    this.member = await this.client.member(this.ref);
    if (this.member) this.follower ??= new TrainingFollower(this.client, this.member.id);
    return this.learned;
  }

  /** Shows a training until it is done, and takes note of what it changed. */
  async showTraining(job: TrainingJob): Promise<void> {
    const before = this.learned.version;
    const live = this.terminal.live();
    const line = (state: TrainingJob) => [renderTraining(state, before, this.terminal.options())];
    const last = await this.follower?.follow(job, (state) => live.update(line(state)));
    live.finish(last ? line(last) : ['still learning; it goes on in the background']);
    await this.refresh();
  }

  stop(): void {
    this.follower?.stop();
  }
}
