/** The limits that hold now. */
import { useCallback } from 'react';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Loading, Problem } from '../ui/states.js';

export function LimitsTab() {
  const { client } = useSession();
  const ask = useCallback(() => client.limits(), [client]);
  const { value: limits, problem, reload } = useData(ask);
  if (problem && !limits) return <Problem message={problem} onRetry={reload} />;
  if (!limits) return <Loading what="Reading the limits" />;
  return (
    <section className="card" aria-labelledby="limits-title">
      <h2 id="limits-title">Limits and defaults</h2>
      <p className="dim">
        Set in <code>palate.config.json</code> under <code>limits</code>, and read when the service starts.
      </p>
      <table className="limits">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {limits.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">
                {words(name)} <code className="dim">{name}</code>
              </th>
              <td>{value.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** `candidateCountMaximum` as "candidate count maximum". */
function words(name: string): string {
  const spaced = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return spaced[0].toUpperCase() + spaced.slice(1);
}
