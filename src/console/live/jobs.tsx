/** Trainings of everybody, the newest first, step by step as they run. */
import { useCallback, useState } from 'react';
import type { TrainingJob, TrainingStatus } from '../../client/index.js';
import { numbersOf } from '../chat/training-line.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import { useData } from '../session/use-data.js';
import { useStream } from '../session/use-stream.js';
import { Empty, Loading, Problem } from '../ui/states.js';
import { ago, span } from '../ui/time.js';

const SHOWN = 20;

const WORDS: Record<TrainingStatus, string> = {
  QUEUED: 'waiting',
  RUNNING: 'running',
  SUCCEEDED: 'done',
  REJECTED: 'not used',
  FAILED: 'failed',
  CANCELLED: 'stopped',
};

export function Jobs() {
  const session = useSession();
  const { client } = session;
  const ask = useCallback(async () => (await client.trainingJobs(null, { first: SHOWN })).nodes, [client]);
  const { value: jobs, problem, reload, set } = useData(ask);
  const source = useCallback((signal: AbortSignal) => client.trainingStatus(null, { signal }), [client]);
  useStream(source, (job) => set(withJob(jobs ?? [], job)));
  const [failure, setFailure] = useState<string | null>(null);

  const again = async (memberId: string) => {
    setFailure(null);
    try {
      await client.trainMember(memberId);
    } catch (error) {
      session.fail(error);
      setFailure(problemOf(error));
    }
  };

  return (
    <section className="card" aria-labelledby="jobs-title">
      <h2 id="jobs-title">Trainings</h2>
      {failure && <Problem message={failure} />}
      {problem && !jobs && <Problem message={problem} onRetry={reload} />}
      {!problem && !jobs && <Loading what="Reading the trainings" />}
      {jobs?.length === 0 && <Empty title="No training yet">The first choice of a member begins one.</Empty>}
      {jobs && jobs.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
        <section className="table-scroll" tabIndex={0} aria-label="Table of trainings">
          <table>
            <thead>
              <tr>
                <th scope="col">Member</th>
                <th scope="col">State</th>
                <th scope="col">Comparisons</th>
                <th scope="col">Version</th>
                <th scope="col">Took</th>
                <th scope="col">Asked</th>
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <JobRow key={job.id} job={job} onAgain={() => void again(job.member.id)} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

function JobRow({ job, onAgain }: { job: TrainingJob; onAgain: () => void }) {
  const bad = job.status === 'FAILED';
  return (
    <tr>
      <td>
        <code>{job.member.id.slice(0, 8)}</code>
      </td>
      <td className={bad ? 'bad' : undefined}>
        <span className={`state state-${job.status.toLowerCase()}`}>{WORDS[job.status]}</span>
        {job.error && <p className="small dim">{job.error}</p>}
        {job.step > 0 && (
          <details className="numbers small">
            <summary>Figures</summary>
            {numbersOf(job)}
          </details>
        )}
        {bad && (
          <button type="button" className="quiet" onClick={onAgain}>
            Try again
          </button>
        )}
      </td>
      <td>{job.pairCount}</td>
      <td>{job.encoderVersion ?? '–'}</td>
      <td>{job.durationMs == null ? '–' : span(job.durationMs)}</td>
      <td>{ago(job.createdAt)}</td>
    </tr>
  );
}

/** The job in its place, or ahead of all when it is new. */
function withJob(jobs: readonly TrainingJob[], job: TrainingJob): TrainingJob[] {
  const known = jobs.some(({ id }) => id === job.id);
  return (known ? jobs.map((other) => (other.id === job.id ? job : other)) : [job, ...jobs]).slice(0, SHOWN);
}
