/** The way in for whoever came without a link. */
import { type FormEvent, useId, useState } from 'react';
import { Mark } from './frame.js';
import { type Credential, readPasted } from './session/credential.js';

export function SignIn({
  problem,
  onCredential,
}: {
  problem: string | null;
  onCredential: (credential: Credential) => void;
}) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const field = useId();
  const message = wrong ?? problem;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const credential = readPasted(text);
    if (credential) onCredential(credential);
    else setWrong('That is no key and no link. Paste the whole of it.');
  };
  return (
    <main className="alone">
      <form className="card sign-in" onSubmit={submit}>
        <h1>
          <Mark /> Palate
        </h1>
        <p className="lead">Two replies, one choice. Each choice teaches it what you like.</p>
        <label htmlFor={field}>Your key, or the link you were given</label>
        <input
          id={field}
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setWrong(null);
          }}
          aria-invalid={message !== null}
          aria-describedby={`${field}-help`}
        />
        <p id={`${field}-help`} role={message ? 'alert' : undefined} className={message ? 'bad' : 'dim'}>
          {message ??
            'The first start of Palate prints a link that carries the admin key. Members get a link from the bot in their chat.'}
        </p>
        <button type="submit" className="primary">
          Sign in
        </button>
      </form>
    </main>
  );
}
