/** Every version of the taste, and the way back to one. */
import { useState } from 'react';
import type { EncoderCapacity, Member } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import { Empty } from '../ui/states.js';
import { ago, counted } from '../ui/time.js';

const CAPACITY: Record<EncoderCapacity, string> = {
  PRIOR: 'nothing learned',
  BIAS: 'one taste for every question',
  HEAD: 'depends on the question',
  FULL: 'depends finely on the question',
};

const SHOWN = 8;

export function Versions({ member }: { member: Member }) {
  const session = useSession();
  const [all, setAll] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const { version: serving, versions } = member.encoder;

  const goBack = async (version: number) => {
    setBusy(true);
    setProblem(null);
    try {
      session.remember(await session.client.rollbackMember(member.id, version));
    } catch (error) {
      session.fail(error);
      setProblem(problemOf(error));
    }
    setBusy(false);
  };

  return (
    <section className="card" aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      {problem && (
        <p role="alert" className="bad">
          {problem}
        </p>
      )}
      {versions.length === 0 ? (
        <Empty title="No version yet">Your first choice between two replies makes one.</Empty>
      ) : (
        <ul className="versions">
          {versions
            .slice(0, all ? undefined : SHOWN)
            .map(({ version, capacity, verdictCount, accepted, createdAt }) => (
              <li key={version}>
                <b>Version {version}</b>
                <span className="dim">
                  {counted(verdictCount, 'choice')}, {CAPACITY[capacity]}, {ago(createdAt)}
                </span>
                {version === serving ? (
                  <span className="pill">serves now</span>
                ) : accepted ? (
                  <button type="button" className="quiet" disabled={busy} onClick={() => void goBack(version)}>
                    Go back to this<span className="hidden">: version {version}</span>
                  </button>
                ) : (
                  <span className="dim">not used: it would not have helped</span>
                )}
              </li>
            ))}
          <li>
            <b>Version 0</b>
            <span className="dim">the plain model</span>
            {serving !== 0 && (
              <button type="button" className="quiet" disabled={busy} onClick={() => void goBack(0)}>
                Start over<span className="hidden"> from version 0</span>
              </button>
            )}
          </li>
        </ul>
      )}
      {versions.length > SHOWN && !all && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {versions.length}
        </button>
      )}
      <p className="dim small">
        Going back takes your later choices out of the count. Going forward again brings them back.
      </p>
    </section>
  );
}
