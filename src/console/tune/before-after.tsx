/** The same question without and with what was learned, from the same seed. */
import { useCallback, useEffect, useState } from 'react';
import type { LearnConsent } from '../../client/index.js';
import { write } from '../chat/writing.js';
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import { isEmpty } from '../taste/taste-words.js';
import { Markdown } from '../ui/markdown.js';
import { Problem } from '../ui/states.js';
import { EXAMPLES } from './questions.js';

interface Example {
  before: string;
  after: string;
  problem: string | null;
}

const NOTHING: Example = { before: '', after: '', problem: null };
const TOKENS = 70;
const SEED = 11;

export function BeforeAfter({ onAgain }: { onAgain: () => void }) {
  const session = useSession();
  const member = useObservable(session.member);
  const version = member?.encoder.version ?? 0;
  const [place, setPlace] = useState(0);
  const [example, setExample] = useState(NOTHING);
  const prompt = EXAMPLES[place % EXAMPLES.length];

  const show = useCallback(
    async (signal: AbortSignal) => {
      setExample(NOTHING);
      const common = {
        member: session.ref,
        prompt,
        candidateCount: 1,
        maxTokens: TOKENS,
        temperature: 0.8,
        seed: SEED,
      };
      const one = (side: 'before' | 'after', how: { personalized: boolean }) =>
        write(
          session.client,
          { ...common, ...how, explore: false },
          {
            onStart: () => {},
            onText: (texts) => {
              const added = [...texts.values()].join('');
              setExample((shown) => ({ ...shown, [side]: shown[side] + added }));
            },
          },
          signal,
        ).then((generation) => {
          if (generation) setExample((shown) => ({ ...shown, [side]: generation.candidates[0].text }));
        });
      try {
        await Promise.all([one('before', { personalized: false }), one('after', { personalized: true })]);
      } catch (error) {
        session.fail(error);
        if (!signal.aborted) setExample((shown) => ({ ...shown, problem: problemOf(error) }));
      }
    },
    [session, prompt],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version is shown at once.
  useEffect(() => {
    const abort = new AbortController();
    void show(abort.signal);
    return () => abort.abort();
  }, [show, version]);

  return (
    <section className="before-after" aria-label="Before and after">
      {!isEmpty(member?.encoder) ? (
        <>
          <h1>That is your taste, version {version}</h1>
          <p className="lead">How the same question is answered, without and with what you have just taught.</p>
        </>
      ) : (
        <>
          <h1>Nothing is learned yet</h1>
          <p className="lead">{whyNothing(member?.consent.learn)} So both answers are the same.</p>
        </>
      )}
      <p className="asked">{prompt}</p>
      {example.problem ? (
        <Problem message={example.problem} onRetry={() => setPlace(place + EXAMPLES.length)} />
      ) : (
        <div className="replies">
          <Side name="Before" text={example.before} />
          <Side name="After" text={example.after} mine />
        </div>
      )}
      <div className="row">
        <a className="button primary" href="#/chat">
          Go on to chat
        </a>
        <button type="button" onClick={() => setPlace(place + 1)}>
          Another example
        </button>
        <a className="button quiet" href="#/taste">
          See your taste
        </a>
        <button type="button" className="quiet" onClick={onAgain}>
          Ten more
        </button>
      </div>
    </section>
  );
}

function whyNothing(consent: LearnConsent | undefined): string {
  if (consent === 'DENIED') return 'You said no to learning; under Taste you can change that.';
  return 'Your choices have taught nothing so far.';
}

function Side({ name, text, mine = false }: { name: string; text: string; mine?: boolean }) {
  return (
    <article className={`reply ${mine ? 'reply-chosen' : 'reply-passed'}`} aria-label={name}>
      <h2 className="side-name">{name}</h2>
      <div className="reply-text">
        {text === '' ? <span className="caret" aria-hidden="true" /> : <Markdown text={text} />}
      </div>
    </article>
  );
}
