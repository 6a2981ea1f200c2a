/** A link that lets one member in, for an hour. */
import { type FormEvent, useId, useState } from 'react';
import type { MemberToken } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { Secret } from '../ui/secret.js';
import { Problem } from '../ui/states.js';
import { moment } from '../ui/time.js';
import { useAttempt } from './use-attempt.js';

export function LinksTab() {
  const { client } = useSession();
  const id = useId();
  const [token, setToken] = useState<MemberToken | null>(null);
  const { busy, problem, attempt } = useAttempt();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const member = { platform: text('platform'), externalId: text('externalId'), scope: text('scope') };
    void attempt(async () => setToken(await client.createMemberToken(member)));
  };
  return (
    <>
      <form className="card form-row" onSubmit={submit} aria-label="Link for a member">
        <div>
          <label htmlFor={`${id}-platform`}>Platform</label>
          <input id={`${id}-platform`} name="platform" required maxLength={64} defaultValue="web" />
        </div>
        <div>
          <label htmlFor={`${id}-member`}>Member</label>
          <input
            id={`${id}-member`}
            name="externalId"
            dir="auto"
            required
            maxLength={256}
            placeholder="their id, or any name"
          />
        </div>
        <div>
          <label htmlFor={`${id}-scope`}>Workspace</label>
          <input id={`${id}-scope`} name="scope" dir="auto" maxLength={256} placeholder="on Slack only" />
        </div>
        <button type="submit" className="primary" disabled={busy}>
          Make a link
        </button>
      </form>
      {problem && <Problem message={problem} />}
      {token && <Secret label={`Good until ${moment(token.expiresAt)}, for this member only.`} text={token.url} />}
      <p className="dim">
        Bots hand such links out by themselves. Whoever has one sees that member's taste, and nobody else's.
      </p>
    </>
  );
}
