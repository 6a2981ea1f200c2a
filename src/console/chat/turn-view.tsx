/** One question with its replies, the choice between them, and what the choice taught. */
import { memo, type ReactNode } from 'react';
import type { Verdict } from '../../client/index.js';
import { useObservable } from '../observable.js';
import { AskConsent } from '../session/ask-consent.js';
import { useSession } from '../session/context.js';
import type { Reply, Turn } from './conversation.js';
import { ReplyCard } from './reply-card.js';
import { TrainingLine } from './training-line.js';
import { WaitingLine } from './waiting-line.js';

export interface TurnViewProps {
  turn: Turn;
  /** Replies to be expected, for their places while nothing is written yet. */
  count: number;
  onVote: (turn: Turn, verdict: Verdict, chosenId: string | null) => void;
  onAskAgain?: (turn: Turn) => void;
  /** Missing while something is being written. */
  onGoOn?: (turn: Turn, reply: Reply) => void;
}

/** Characters of a question that name its part of the page. */
const NAME = 120;

export const TurnView = memo(function TurnView({ turn, count, onVote, onAskAgain, onGoOn }: TurnViewProps) {
  const writing = turn.status === 'WRITING';
  const replies = turn.replies.length > 0 ? turn.replies : Array.from({ length: writing ? count : 0 }, blank);
  const again = onAskAgain && !writing && (
    <button type="button" className="quiet" onClick={() => onAskAgain(turn)}>
      Write again
    </button>
  );
  return (
    <section className="turn" aria-label={`You asked: ${turn.prompt.slice(0, NAME)}`}>
      <h2 className="asked" dir="auto">
        {turn.prompt}
      </h2>
      {turn.status === 'FAILED' ? (
        <div role="alert" className="problem">
          <p>{turn.problem}</p>
          {again}
        </div>
      ) : (
        <>
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields; these are replies to choose from. */}
          <div className="replies" role="group" aria-label="Replies to choose from" tabIndex={-1}>
            {replies.map((reply, place) => (
              <ReplyCard
                key={reply.id}
                place={place}
                text={reply.text}
                writing={writing}
                goingOn={reply.going !== null}
                cut={reply.cut}
                onGoOn={onGoOn && turn.history && !reply.going ? () => onGoOn(turn, reply) : undefined}
                decided={turn.verdict !== null}
                chosen={turn.verdict === 'CHOSEN' && turn.chosenId === reply.id}
                made={turn.roles[reply.id]}
                onChoose={() => onVote(turn, 'CHOSEN', reply.id)}
              />
            ))}
          </div>
          <WaitingLine waiting={turn.waiting} />
          <p role="status" className="hidden">
            {statusOf(turn)}
          </p>
          {!writing && <AfterReplies turn={turn} onVote={onVote} again={again} />}
        </>
      )}
    </section>
  );
});

/** For whoever hears the page. */
function statusOf({ status, verdict }: Turn): string {
  if (status === 'WRITING') return 'Replies are being written.';
  return verdict === null ? 'The replies are written. Choose one.' : 'You have chosen.';
}

function AfterReplies({ turn, onVote, again }: Pick<TurnViewProps, 'turn' | 'onVote'> & { again: ReactNode }) {
  return (
    <>
      <div className="verdicts">
        <VerdictButton turn={turn} verdict="TIE" sign="=" onVote={onVote}>
          Equally good
        </VerdictButton>
        <VerdictButton turn={turn} verdict="ALL_BAD" sign="x" onVote={onVote}>
          None of them
        </VerdictButton>
        {again}
        <span className="made dim" data-testid="made">
          {turn.stopped ? 'Stopped early. ' : ''}
          {turn.encoderVersion ? `Taste version ${turn.encoderVersion}` : 'No taste used yet'}
        </span>
      </div>
      {turn.problem && (
        <p role="alert" className="bad">
          {turn.problem}
        </p>
      )}
      {turn.feedbackId && <Taught turn={turn} />}
    </>
  );
}

function VerdictButton({
  turn,
  verdict,
  sign,
  onVote,
  children,
}: Pick<TurnViewProps, 'turn' | 'onVote'> & { verdict: Verdict; sign: string; children: ReactNode }) {
  return (
    <button
      type="button"
      className="quiet"
      aria-pressed={turn.verdict === verdict}
      onClick={() => onVote(turn, verdict, null)}
    >
      <span className="key" aria-hidden="true">
        {sign}
      </span>
      {children}
    </button>
  );
}

function Taught({ turn }: { turn: Turn }) {
  const consent = useObservable(useSession().member)?.consent.learn;
  if (turn.held) {
    if (consent === 'UNASKED') return <AskConsent />;
    return (
      <p className="training" role="status">
        {consent === 'GRANTED' ? (
          'Kept, and it counts since you said yes.'
        ) : (
          <>
            Nothing is learned from it: you said no under <a href="#/taste">Taste</a>.
          </>
        )}
      </p>
    );
  }
  if (turn.jobId) return <TrainingLine jobId={turn.jobId} />;
  return (
    <p className="training" role="status">
      Noted.{' '}
      {turn.verdict === 'CHOSEN' ? 'It teaches nothing now.' : 'Only a choice between replies trains your taste.'}
    </p>
  );
}

function blank(_: unknown, index: number): Reply {
  return { id: `blank-${index}`, text: '', cut: false, tail: '', going: null };
}
