/** Tune: ten short questions with four replies each teach most of a taste in two minutes. */
import { useEffect } from 'react';
import { choiceOf, type Turn } from '../chat/conversation.js';
import { ReplyCard } from '../chat/reply-card.js';
import { wordsOf } from '../chat/training-line.js';
import { WaitingLine } from '../chat/waiting-line.js';
import { useObservable } from '../observable.js';
import { AskConsent } from '../session/ask-consent.js';
import { useSession } from '../session/context.js';
import { isPlain } from '../ui/keys.js';
import { Problem } from '../ui/states.js';
import { BeforeAfter } from './before-after.js';
import { QUESTIONS } from './questions.js';
import { CHOICES, type Round, useRound } from './use-round.js';
import '../styles/tune.css';

const PLACES = Array.from({ length: QUESTIONS }, (_, place) => place);

export function TunePage() {
  const round = useRound();
  const consent = useObservable(useSession().member)?.consent.learn;
  const asks = consent === 'UNASKED' && round.turns.some(({ held }) => held);
  useKeys(round, asks);
  if (round.turns.length === 0) return <Intro onBegin={round.begin} refused={consent === 'DENIED'} />;
  if (asks) return <AskConsent />;
  if (!round.current) return <BeforeAfter onAgain={round.begin} />;
  return <Question round={round} turn={round.current} />;
}

function Intro({ onBegin, refused }: { onBegin: () => void; refused: boolean }) {
  return (
    <div className="welcome tune-intro">
      <h1>Ten questions, two minutes</h1>
      <p className="lead">
        Each is answered four ways. Choose the reply you like best; it learns from every choice at once, and at the end
        you see what has changed.
      </p>
      {refused && <RefusedConsent />}
      <div className="starters">
        <button type="button" className="primary" onClick={onBegin}>
          Begin
        </button>
      </div>
      <p className="dim">
        Keys <kbd>1</kbd> to <kbd>4</kbd> choose, <kbd>x</kbd> says none of them.
      </p>
    </div>
  );
}

/** A round teaches nothing then, and says so. */
function RefusedConsent() {
  return (
    <p role="status">
      Nothing will be learned: you said no under <a href="#/taste">Taste</a>.
    </p>
  );
}

function Question({ round, turn }: { round: Round; turn: Turn }) {
  const refused = useObservable(useSession().member)?.consent.learn === 'DENIED';
  const place = round.turns.length - 1;
  const writing = turn.status === 'WRITING';
  const replies =
    turn.replies.length > 0 ? turn.replies : Array.from({ length: CHOICES }, (_, i) => ({ id: `${i}`, text: '' }));
  return (
    <section className="question" aria-label={`Question ${place + 1} of ${QUESTIONS}`}>
      <Progress done={place} />
      <h1 data-testid="question">{turn.prompt || '…'}</h1>
      {turn.status === 'FAILED' ? (
        <Problem message={turn.problem ?? 'This could not be written.'} onRetry={round.again} />
      ) : (
        <div className="replies replies-four">
          {replies.map(({ id, text }, i) => (
            <ReplyCard
              key={id}
              place={i}
              text={text}
              writing={writing}
              decided={turn.verdict !== null}
              chosen={turn.chosenId === id}
              made={undefined}
              word="Best"
              onChoose={() => round.choose(turn, 'CHOSEN', id)}
            />
          ))}
        </div>
      )}
      {refused && <RefusedConsent />}
      <WaitingLine waiting={turn.waiting} />
      <div className="verdicts">
        <button type="button" className="quiet" disabled={writing} onClick={() => round.choose(turn, 'ALL_BAD', null)}>
          <span className="key" aria-hidden="true">
            x
          </span>
          None of them
        </button>
        <Learned before={round.turns.at(-2)} />
      </div>
      {turn.problem && turn.status !== 'FAILED' && (
        <p role="alert" className="bad">
          {turn.problem}
        </p>
      )}
    </section>
  );
}

function Progress({ done }: { done: number }) {
  return (
    <div
      className="dots"
      role="progressbar"
      aria-label="Questions answered"
      aria-valuemin={0}
      aria-valuemax={QUESTIONS}
      aria-valuenow={done}
      tabIndex={-1}
    >
      {PLACES.map((place) => (
        <span key={place} className={place < done ? 'dot dot-done' : place === done ? 'dot dot-now' : 'dot'} />
      ))}
    </div>
  );
}

/** What the choice before this one has taught. */
function Learned({ before }: { before: Turn | undefined }) {
  const jobs = useObservable(useSession().jobs);
  if (!before?.jobId) return null;
  return (
    <span className="made dim" role="status" data-testid="learned">
      {wordsOf(jobs.get(before.jobId))}
    </span>
  );
}

function useKeys({ current, choose }: Round, paused: boolean): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (paused || current?.status !== 'COMPLETE' || !isPlain(event)) return;
      const choice = choiceOf(event.key, current.replies.length);
      if (choice === null || choice === 'TIE') return;
      event.preventDefault();
      if (typeof choice === 'number') choose(current, 'CHOSEN', current.replies[choice].id);
      else choose(current, choice, null);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [current, choose, paused]);
}
