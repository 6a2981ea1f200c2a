/** The first screen: what this is, in ten seconds, and two ways to begin. */
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { isEmpty, summaryOf } from '../taste/taste-words.js';

const QUESTIONS = [
  'Give me an idea for a quiet Sunday.',
  'Explain why the sky is blue.',
  'Write a two-line poem about rain.',
  'How do I get better at cooking?',
];

export function Welcome({ onAsk }: { onAsk: (prompt: string) => void }) {
  const member = useObservable(useSession().member);
  const encoder = member?.encoder;
  return (
    <div className="welcome">
      <h2>{!encoder || isEmpty(encoder) ? 'A chat that learns what you like' : 'Welcome back'}</h2>
      {!encoder || isEmpty(encoder) ? (
        <ol className="steps">
          <li>
            <b>Ask.</b> Two replies are written side by side.
          </li>
          <li>
            <b>Choose</b> the one you like better.
          </li>
          <li>
            <b>It learns</b> in a moment, and the next reply is more to your taste.
          </li>
        </ol>
      ) : (
        <p className="lead">Your taste: {summaryOf(encoder)}</p>
      )}
      <div className="starters">
        <a className="button primary" href="#/tune">
          {isEmpty(encoder) ? 'Teach it your taste in two minutes' : 'Another round of ten choices'}
        </a>
      </div>
      <p className="dim or">or ask something</p>
      <ul className="questions">
        {QUESTIONS.map((question) => (
          <li key={question}>
            <button type="button" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
