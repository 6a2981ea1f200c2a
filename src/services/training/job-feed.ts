/** What this process knows of training jobs beyond their rows: those that wait or run with their steps, and who watches. */
import { LRUCache } from 'lru-cache';
import type { TrainingJob } from '../../contract/generated/types.js';
import { Broadcast } from '../broadcast.js';

/** How far a job has come; it waits again after an attempt that failed. Ended jobs are beyond every attempt. */
function progressOf({ status, attempts }: TrainingJob): number {
  if (status === 'QUEUED') return 2 * attempts;
  return status === 'RUNNING' ? 2 * attempts - 1 : Number.POSITIVE_INFINITY;
}

/** Whether `later` is a newer state of the same job. */
export function isNewer(later: TrainingJob, earlier: TrainingJob): boolean {
  const ahead = progressOf(later) - progressOf(earlier);
  return ahead > 0 || (ahead === 0 && later.step > earlier.step);
}

/** Jobs that ended lately, of which news may still be under way from another process. */
const REMEMBERED = 1_000;

export class TrainingJobs {
  /** Jobs that wait or run, here or in another process that tells of them. */
  private readonly open = new Map<string, TrainingJob>();
  private readonly changes: Broadcast<TrainingJob>;
  private readonly listeners = new Set<() => void>();
  private readonly ended = new LRUCache<string, true>({ max: REMEMBERED });
  private readonly endings = new Map<string, () => void>();

  constructor(pendingEvents: number) {
    this.changes = new Broadcast({
      subject: ({ id }) => id,
      merge: (earlier, later) => (later.status === earlier.status ? later : undefined),
      limit: pendingEvents,
    });
  }

  /** Tells the watchers of a new state; what is not new is told once. */
  publish(job: TrainingJob): void {
    const known = this.open.get(job.id);
    if (this.ended.has(job.id) || (known && !isNewer(job, known))) return;
    if (job.status === 'QUEUED' || job.status === 'RUNNING') this.open.set(job.id, job);
    else this.end(job.id);
    this.changes.publish(job);
    if (known?.status !== job.status) for (const listener of this.listeners) listener();
  }

  openIds(): string[] {
    return [...this.open.keys()];
  }

  /** A job whose row is gone: nobody is told of it any more. */
  drop(id: string): void {
    if (!this.open.has(id)) return;
    this.end(id);
    for (const listener of this.listeners) listener();
  }

  /** Calls `ended` when the job ends, until the returned function is called. One listener a job: who runs it. */
  onEnd(id: string, ended: () => void): () => void {
    this.endings.set(id, ended);
    return () => void this.endings.delete(id);
  }

  private end(id: string): void {
    this.endings.get(id)?.();
    this.open.delete(id);
    this.ended.set(id, true);
  }

  /** Calls `listener` whenever the counts may have changed, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The stored job, or its newer state in this process. */
  latest(stored: TrainingJob): TrainingJob {
    const known = this.open.get(stored.id);
    return known && known.status === stored.status ? known : stored;
  }

  /** Of all members where none is given; else until the member is forgotten. */
  watch(signal: AbortSignal, memberId?: string): AsyncIterableIterator<TrainingJob> {
    return this.changes.subscribe(signal, (job) => memberId === undefined || job.memberId === memberId, memberId);
  }

  /** Nobody is told anything more of the member. */
  endOf(memberId: string): void {
    this.changes.end(memberId);
  }

  counts(): { trainingQueued: number; trainingRunning: number } {
    let trainingRunning = 0;
    for (const { status } of this.open.values()) if (status === 'RUNNING') trainingRunning++;
    return { trainingQueued: this.open.size - trainingRunning, trainingRunning };
  }

  close(): void {
    this.changes.close();
  }
}
