/** What this process knows of training jobs beyond their rows: those that wait or run with their steps, and who watches. */
import { Broadcast } from './broadcast.js';
import type { TrainingJobView } from './views.js';

export class TrainingJobs {
  /** Jobs that wait or run here. */
  private readonly open = new Map<string, TrainingJobView>();
  private readonly changes: Broadcast<TrainingJobView>;
  private readonly listeners = new Set<() => void>();

  constructor(pendingEvents: number) {
    const sameStep = (later: TrainingJobView, earlier: TrainingJobView) =>
      later.id === earlier.id && later.status === earlier.status;
    this.changes = new Broadcast(sameStep, pendingEvents);
  }

  /** Tells the watchers of a new state. A job that waits already is told once. */
  publish(job: TrainingJobView): void {
    const known = this.open.get(job.id);
    if (job.status === 'QUEUED' && known) return;
    if (job.status === 'QUEUED' || job.status === 'RUNNING') this.open.set(job.id, job);
    else this.open.delete(job.id);
    this.changes.publish(job);
    if (known?.status !== job.status) for (const listener of this.listeners) listener();
  }

  /** Calls `listener` whenever the counts may have changed, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The stored job, or its newer state in this process. */
  latest(stored: TrainingJobView): TrainingJobView {
    const known = this.open.get(stored.id);
    return known && known.status === stored.status ? known : stored;
  }

  watch(signal: AbortSignal, wanted: (job: TrainingJobView) => boolean): AsyncIterableIterator<TrainingJobView> {
    return this.changes.subscribe(signal, wanted);
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
