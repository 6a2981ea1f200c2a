/** What a vote teaches, as it happens: steps and loss while it trains, then the version it made. */
import { useEffect } from 'react';
import type { TrainingJob } from '../../client/index.js';
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { span } from '../ui/time.js';

/** The subscription tells of a fresh training sooner than this. */
const PATIENCE_MS = 700;

export function TrainingLine({ jobId }: { jobId: string }) {
  const session = useSession();
  const job = useObservable(session.jobs).get(jobId);
  const known = job !== undefined;
  useEffect(() => {
    if (known) return;
    const timer = window.setTimeout(() => void session.askJob(jobId), PATIENCE_MS);
    return () => window.clearTimeout(timer);
  }, [session, jobId, known]);
  const share = job && job.totalSteps > 0 ? job.step / job.totalSteps : 0;
  const done = job?.status === 'SUCCEEDED';
  return (
    <div className="training" data-testid="training" data-status={job?.status ?? 'QUEUED'}>
      <span className="bar" aria-hidden="true">
        <span className="bar-fill" style={{ transform: `scaleX(${done ? 1 : share})` }} />
      </span>
      <span role="status">{wordsOf(job)}</span>
    </div>
  );
}

export function wordsOf(job: TrainingJob | undefined): string {
  if (!job || job.status === 'QUEUED') return 'Learning from your choice…';
  const loss = job.loss === null ? '' : ` · loss ${job.loss.toFixed(3)}`;
  const pairs = `${job.pairCount} ${job.pairCount === 1 ? 'comparison' : 'comparisons'}`;
  switch (job.status) {
    case 'RUNNING':
      return `Learning · step ${job.step} of ${job.totalSteps}${loss}`;
    case 'SUCCEEDED': {
      const version = job.encoderVersion ?? 0;
      const time = job.durationMs === null ? '' : ` in ${span(job.durationMs)}`;
      return `Learned${time}: version ${version - 1} → ${version} · ${pairs}, ${job.step} steps${loss}`;
    }
    case 'REJECTED':
      return `Learned, and not used: ${job.error ?? 'it would not have helped'}`;
    case 'CANCELLED':
      return 'This training was stopped.';
    default:
      return `The training failed. ${job.error ?? ''}`;
  }
}
