/** Keys: made, renewed and ended. */
import { type FormEvent, useCallback, useId, useState } from 'react';
import type { CreatedKey, Key, KeyScope } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Secret } from '../ui/secret.js';
import { Empty, Loading, Problem } from '../ui/states.js';
import { ago } from '../ui/time.js';
import { useAttempt } from './use-attempt.js';

const SCOPES: Record<KeyScope, string> = { ADMIN: 'admin', BOT: 'bot', MEMBER: 'member' };

export function KeysTab() {
  const { client } = useSession();
  const ask = useCallback(() => client.keys(), [client]);
  const { value: keys, problem, reload } = useData(ask);
  const { busy, problem: failure, attempt } = useAttempt();
  const [made, setMade] = useState<CreatedKey | null>(null);
  const change = (work: () => Promise<CreatedKey | Key>) =>
    attempt(async () => {
      const done = await work();
      setMade('secret' in done ? done : null);
      await reload();
    });
  return (
    <>
      <NewKey busy={busy} onMake={(input) => void change(() => client.createKey(input))} />
      {failure && <Problem message={failure} />}
      {made && (
        <Secret label={`The key of “${made.key.name}”. It is shown this once; keep it now.`} text={made.secret} />
      )}
      <section className="card" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys that were given out</h2>
        {problem && !keys && <Problem message={problem} onRetry={reload} />}
        {!problem && !keys && <Loading what="Reading the keys" />}
        {keys?.length === 0 && (
          <Empty title="None yet">
            The admin key that the service was started with works without being listed here.
          </Empty>
        )}
        <ul className="versions">
          {keys?.map((key) => (
            <KeyRow
              key={key.id}
              item={key}
              busy={busy}
              onRotate={() => void change(() => client.rotateKey(key.id))}
              onRevoke={() => void change(() => client.revokeKey(key.id))}
            />
          ))}
        </ul>
      </section>
    </>
  );
}

interface KeyRowProps {
  item: Key;
  busy: boolean;
  onRotate: () => void;
  onRevoke: () => void;
}

function KeyRow({ item, busy, onRotate, onRevoke }: KeyRowProps) {
  const whose = item.platform ? ` of ${item.platform}` : '';
  return (
    <li>
      <b>
        <bdi>{item.name}</bdi>
      </b>
      <span className="dim">
        <code>{item.prefix}…</code> {SCOPES[item.scope]}
        {whose}, made {ago(item.createdAt)}, {item.lastUsedAt ? `used ${ago(item.lastUsedAt)}` : 'never used'}
        {item.expiresAt &&
          `, ${new Date(item.expiresAt).getTime() <= Date.now() ? 'ended' : 'ends'} ${ago(item.expiresAt)}`}
      </span>
      {item.revokedAt ? (
        <span className="state">ended {ago(item.revokedAt)}</span>
      ) : (
        <>
          <button type="button" className="quiet" disabled={busy} onClick={onRotate}>
            Renew<span className="hidden"> {item.name}</span>
          </button>
          <button type="button" className="quiet" disabled={busy} onClick={onRevoke}>
            End<span className="hidden"> {item.name}</span>
          </button>
        </>
      )}
    </li>
  );
}

type NewKeyInput = { name: string; scope: KeyScope; platform?: string; expiresInDays?: number };

function NewKey({ busy, onMake }: { busy: boolean; onMake: (input: NewKeyInput) => void }) {
  const id = useId();
  const [scope, setScope] = useState<'ADMIN' | 'BOT'>('BOT');
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    onMake({
      name: text('name'),
      scope,
      ...(scope === 'BOT' && { platform: text('platform') }),
      ...(text('days') !== '' && { expiresInDays: Number(text('days')) }),
    });
  };
  return (
    <form className="card form-row" onSubmit={submit} aria-label="New key">
      <div>
        <label htmlFor={`${id}-name`}>What for</label>
        <input id={`${id}-name`} name="name" dir="auto" required maxLength={128} placeholder="our Discord bot" />
      </div>
      <div>
        <label htmlFor={`${id}-scope`}>May</label>
        <select
          id={`${id}-scope`}
          value={scope}
          onChange={(event) => setScope(event.target.value === 'ADMIN' ? 'ADMIN' : 'BOT')}
        >
          <option value="BOT">act for members of a platform</option>
          <option value="ADMIN">do everything</option>
        </select>
      </div>
      {scope === 'BOT' && (
        <div>
          <label htmlFor={`${id}-platform`}>Platform</label>
          <input id={`${id}-platform`} name="platform" required maxLength={64} placeholder="discord" />
        </div>
      )}
      <div>
        <label htmlFor={`${id}-days`}>Days it is good for</label>
        <input id={`${id}-days`} name="days" type="number" min={1} max={3650} placeholder="no end" />
      </div>
      <button type="submit" className="primary" disabled={busy}>
        Make a key
      </button>
    </form>
  );
}
