/** What the taste was learned from, choice by choice, each with its undo. */
import { useState } from 'react';
import type { Verdict } from '../../client/index.js';
import { TrainingLine } from '../chat/training-line.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import { Empty, Loading, Problem } from '../ui/states.js';
import { ago } from '../ui/time.js';
import { type Choice, useChoices } from './use-choices.js';

const WORDS: Record<Verdict, string> = {
  CHOSEN: 'You chose',
  TIE: 'Equally good',
  ALL_BAD: 'None of them',
  GOOD: 'Good',
  BAD: 'Bad',
};

export function Choices({ memberId, version }: { memberId: string; version: number }) {
  const session = useSession();
  const { choices, total, problem, loading, more, reload } = useChoices(memberId, version);
  const [undo, setUndo] = useState<{ jobId: string | null; problem: string | null } | null>(null);
  const [undoing, setUndoing] = useState<string | null>(null);

  const takeBack = async (id: string) => {
    setUndoing(id);
    try {
      const { trainingJob } = await session.client.withdrawFeedback(id);
      setUndo({ jobId: trainingJob?.id ?? null, problem: null });
      reload();
    } catch (error) {
      session.fail(error);
      setUndo({ jobId: null, problem: problemOf(error) });
    }
    setUndoing(null);
  };

  return (
    <section className="card" aria-labelledby="choices-title">
      <h2 id="choices-title">Your choices{total > 0 && <span className="dim"> · {total}</span>}</h2>
      {undo?.problem && <Problem message={undo.problem} />}
      {undo && !undo.problem && (
        <div data-testid="undone">
          {undo.jobId ? <TrainingLine jobId={undo.jobId} /> : <p className="training">Taken back.</p>}
        </div>
      )}
      {problem && choices.length === 0 && <Problem message={problem} onRetry={reload} />}
      {!problem && choices.length === 0 && (loading ? <Loading what="Reading your choices" /> : <Nothing />)}
      <ul className="choices">
        {choices.map((choice) => (
          <ChoiceRow
            key={choice.feedback.id}
            choice={choice}
            busy={undoing === choice.feedback.id}
            onUndo={() => void takeBack(choice.feedback.id)}
          />
        ))}
      </ul>
      {more && (
        <button type="button" disabled={loading} onClick={more}>
          Show more
        </button>
      )}
    </section>
  );
}

/** One line without the signs of Markdown. */
function plain(text: string): string {
  return text.replace(/[*_`#]+/g, '').replace(/\s+/g, ' ');
}

function Nothing() {
  return (
    <Empty title="No choices yet">
      <a href="#/chat">Chat</a>, and choose the better of two replies.
    </Empty>
  );
}

function ChoiceRow({ choice, busy, onUndo }: { choice: Choice; busy: boolean; onUndo: () => void }) {
  const { feedback, prompt, chosen } = choice;
  return (
    <li>
      <div className="choice-text">
        <p className="choice-prompt" dir="auto">
          {prompt ?? 'A question that is not shown here'}
        </p>
        <p className="dim clip">
          {WORDS[feedback.verdict]}
          {chosen && (
            <>
              : <bdi>{plain(chosen)}</bdi>
            </>
          )}
        </p>
      </div>
      <span className="dim small">{ago(feedback.createdAt)}</span>
      <button type="button" className="quiet" disabled={busy} onClick={onUndo}>
        Undo
        <span className="hidden"> your choice on: {prompt}</span>
      </button>
    </li>
  );
}
