/** The question whether choices may be learned from, where they wait for its answer. */
import { useState } from 'react';
import { useObservable } from '../observable.js';
import { Problem } from '../ui/states.js';
import { useSession } from './context.js';
import { problemOf } from './problem.js';

export function AskConsent() {
  const session = useSession();
  const member = useObservable(session.member);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  if (!member) return null;
  const answer = async (learn: boolean) => {
    setBusy(true);
    setProblem(null);
    try {
      session.remember(await session.client.setConsent(member.id, { learn }));
    } catch (error) {
      session.fail(error);
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="ask-consent" aria-label="May it learn from your choices?">
      <p>
        <strong>May it learn from your choices?</strong> It learns what you like, for you alone: from its own replies,
        your questions and your choices. Until you say yes your choices wait; if you say no, those that wait will not
        count. Under Taste you can change your mind, undo and delete everything.
      </p>
      {problem && <Problem message={problem} />}
      <div className="row">
        <button type="button" className="primary" disabled={busy} onClick={() => void answer(true)}>
          Yes, learn
        </button>
        <button type="button" disabled={busy} onClick={() => void answer(false)}>
          No
        </button>
      </div>
    </section>
  );
}
