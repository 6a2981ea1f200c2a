/** Errors that were answered, by code. */
import { useCallback, useState } from 'react';
import type { ErrorCount } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { useStream } from '../session/use-stream.js';
import { Empty, Loading } from '../ui/states.js';
import { ago } from '../ui/time.js';

export function Errors() {
  const { client } = useSession();
  const [counts, setCounts] = useState<ErrorCount[]>();
  const source = useCallback((signal: AbortSignal) => client.errorStatus({ signal }), [client]);
  useStream(source, setCounts);
  return (
    <section className="card" aria-labelledby="errors-title">
      <h2 id="errors-title">Errors since the start</h2>
      {!counts && <Loading what="Counting the errors" />}
      {counts?.length === 0 && <Empty title="None">Nobody was answered with an error.</Empty>}
      <ul className="versions">
        {counts?.map(({ code, count, lastAt }) => (
          <li key={code}>
            <b>
              <code>{code}</code>
            </b>
            <span>{count === 1 ? 'once' : `${count} times`}</span>
            <span className="dim">last {ago(lastAt)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
