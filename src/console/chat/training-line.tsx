/** What a vote teaches, as it happens: how far it is, then the version it made. Its figures are behind a detail. */
import { useEffect } from 'react';
import type { TrainingJob } from '../../client/index.js';
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { counted, span } from '../ui/time.js';

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
      {job && job.step > 0 && <Numbers job={job} />}
    </div>
  );
}

function Numbers({ job }: { job: TrainingJob }) {
  return (
    <details className="numbers">
      <summary>Figures</summary>
      <span>{numbersOf(job)}</span>
    </details>
  );
}

/** For whoever wants to know how it was learned. */
export function numbersOf({ step, totalSteps, loss, accuracy }: TrainingJob): string {
  const steps = `${step} of ${counted(totalSteps, 'step')}`;
  const ranked = accuracy === null ? '' : `, ${Math.round(accuracy * 100)} % of the comparisons in order`;
  return `${steps}${loss === null ? '' : `, loss ${loss.toFixed(3)}`}${ranked}`;
}

export function wordsOf(job: TrainingJob | undefined): string {
  if (!job || job.status === 'QUEUED') return 'Learning from your choice…';
  switch (job.status) {
    case 'RUNNING': {
      const share = job.totalSteps > 0 ? ` ${Math.round((100 * job.step) / job.totalSteps)} %` : '';
      return `Learning from your choice…${share}`;
    }
    case 'SUCCEEDED': {
      const version = job.encoderVersion ?? 0;
      const time = job.durationMs === null ? '' : ` in ${span(job.durationMs)}`;
      if (job.pairCount === 0) {
        return `Nothing is learned from your choices any more: version ${version} is your taste as it began.`;
      }
      return `Learned${time} from ${counted(job.pairCount, 'comparison')}: version ${version - 1} → ${version}`;
    }
    case 'REJECTED':
      return `Learned, and not used: ${job.error ?? 'it would not have helped'}`;
    case 'CANCELLED':
      return 'This training was stopped.';
    default:
      return `The training failed. ${job.error ?? ''}`;
  }
}
