/** The first screen: what this is, in ten seconds, and two ways to begin. */
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';

const QUESTIONS = [
  'Give me an idea for a quiet Sunday.',
  'Explain why the sky is blue.',
  'Write a two-line poem about rain.',
  'How do I get better at cooking?',
];

export function Welcome({ onAsk }: { onAsk: (prompt: string) => void }) {
  const member = useObservable(useSession().member);
  const version = member?.encoder.version ?? 0;
  return (
    <div className="welcome">
      <h2>{version === 0 ? 'A chat that learns what you like' : 'Welcome back'}</h2>
      {version === 0 ? (
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
        <p className="lead">
          Your taste is at version {version}, learned from {member?.encoder.verdictCount ?? 0} choices.
        </p>
      )}
      <div className="starters">
        <a className="button primary" href="#/tune">
          {version === 0 ? 'Teach it your taste in two minutes' : 'Another round of ten choices'}
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
