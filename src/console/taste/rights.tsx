/** Consent, taking a taste along, and being forgotten. */
import { Switch } from 'radix-ui';
import { type ChangeEvent, useId, useRef, useState } from 'react';
import { type Member, PalateClientError } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { problemOf } from '../session/problem.js';
import { save } from '../ui/save.js';
import { amount } from '../ui/time.js';

/** As the contract says it; a taste is plain ASCII. */
const TASTE_BYTES = 16_384;

export function Rights({ member }: { member: Member }) {
  const session = useSession();
  const { client } = session;
  const [message, setMessage] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const file = useRef<HTMLInputElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);

  const attempt = async (work: () => Promise<string | null>) => {
    setProblem(null);
    setMessage(null);
    try {
      setMessage(await work());
    } catch (error) {
      session.fail(error);
      setProblem(problemOf(error));
    }
  };
  const consent = (input: { learn?: boolean; community?: boolean }) =>
    attempt(async () => {
      session.remember(await client.setConsent(member.id, input));
      return null;
    });
  const exportTaste = () =>
    attempt(async () => {
      const taste = await client.exportTaste(member.id);
      save(`palate-taste-v${taste.version}.txt`, taste.data);
      return 'Your taste is saved as a file. It holds no text, and works wherever the same language model is used.';
    });
  const importTaste = ({ target }: ChangeEvent<HTMLInputElement>) =>
    attempt(async () => {
      const given = target.files?.[0];
      if (!given) return null;
      if (given.size > TASTE_BYTES) {
        target.value = '';
        throw new PalateClientError(
          'TOO_LONG',
          `${given.name} has ${amount(given.size)} bytes, and a taste at most ${amount(TASTE_BYTES)}. Choose the file that “Export my taste” saved.`,
        );
      }
      const data = await given.text();
      // The same file may be chosen again.
      target.value = '';
      session.remember(await client.importTaste(member.id, data));
      return 'The taste is taken over. Your own choices now change it from there.';
    });

  return (
    <section className="card" aria-labelledby="rights-title">
      <h2 id="rights-title">Yours to decide</h2>
      {member.consent.learn === 'UNASKED' ? (
        <Unasked onAnswer={(learn) => void consent({ learn })} />
      ) : (
        <Consent
          name="Learn from my choices"
          explain="Off: nothing counts, and nothing is removed."
          on={member.consent.learn === 'GRANTED'}
          onChange={(learn) => void consent({ learn })}
        />
      )}
      <Consent
        name="Show my taste to others, without my name"
        explain="It is a dot on their map of tastes. Never a word you wrote."
        on={member.consent.community}
        onChange={(community) => void consent({ community })}
      />
      <div className="row">
        <button type="button" onClick={() => void exportTaste()}>
          Export my taste
        </button>
        <button type="button" onClick={() => file.current?.click()}>
          Import a taste
        </button>
        <input
          ref={file}
          type="file"
          accept=".txt,text/plain"
          className="hidden"
          tabIndex={-1}
          aria-label="File of a taste"
          onChange={(event) => void importTaste(event)}
        />
        <button type="button" className="danger" onClick={() => dialog.current?.showModal()}>
          Forget me
        </button>
      </div>
      <p role="status" className="dim small">
        {message}
      </p>
      {problem && (
        <p role="alert" className="bad">
          {problem}
        </p>
      )}
      <dialog ref={dialog} aria-labelledby="forget-title">
        <h2 id="forget-title">Forget you for good?</h2>
        <p>
          Your questions, the replies, your choices and every version of your taste are removed, for good. What others
          learned from your replies is unlearned. You get a receipt.
        </p>
        <div className="row">
          <button
            type="button"
            className="danger"
            onClick={() => {
              dialog.current?.close();
              void attempt(async () => {
                await session.forget(member.id);
                return null;
              });
            }}
          >
            Forget me for good
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep everything
          </button>
        </div>
      </dialog>
    </section>
  );
}

/** A switch would stand at one of two answers, and none was given. */
function Unasked({ onAnswer }: { onAnswer: (learn: boolean) => void }) {
  return (
    <section className="consent" aria-label="Learn from my choices">
      <div>
        <strong>Learn from my choices</strong>
        <p className="dim small">
          You have not said yet. Until you do, choices count or wait, as is set for the place where you chat.
        </p>
      </div>
      <div className="row">
        <button type="button" onClick={() => onAnswer(true)}>
          Yes
        </button>
        <button type="button" onClick={() => onAnswer(false)}>
          No
        </button>
      </div>
    </section>
  );
}

interface ConsentProps {
  name: string;
  explain: string;
  on: boolean;
  onChange: (on: boolean) => void;
}

function Consent({ name, explain, on, onChange }: ConsentProps) {
  const id = useId();
  return (
    <div className="consent">
      <div>
        <label htmlFor={id}>{name}</label>
        <p className="dim small">{explain}</p>
      </div>
      <Switch.Root id={id} className="switch" checked={on} onCheckedChange={onChange}>
        <Switch.Thumb className="switch-thumb" />
      </Switch.Root>
    </div>
  );
}
