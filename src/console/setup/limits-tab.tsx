/** The limits that hold now, by what they are about; what matters first comes first. */
import { useCallback } from 'react';
import type { Limit, LimitGroup } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Loading, Problem } from '../ui/states.js';
import { amount } from '../ui/time.js';

const GROUPS: Readonly<Record<LimitGroup, string>> = {
  REPLIES: 'Replies',
  FAIRNESS: 'What one may ask for',
  TEXTS: 'What people write',
  KEYS: 'Keys and links',
  REQUESTS: 'Connections and requests',
  STORAGE: 'What bots keep',
};

export function LimitsTab() {
  const { client } = useSession();
  const ask = useCallback(() => client.limits(), [client]);
  const { value: limits, problem, reload } = useData(ask);
  if (problem && !limits) return <Problem message={problem} onRetry={reload} />;
  if (!limits) return <Loading what="Reading the limits" />;
  const groups = [...new Set(limits.map(({ group }) => group))];
  return (
    <section className="card" aria-labelledby="limits-title">
      <h2 id="limits-title">Limits and defaults</h2>
      <p className="dim">
        Set in <code>palate.config.json</code> under <code>limits</code>, and read when the service starts.
      </p>
      {groups.map((group, place) => (
        <details key={group} className="limit-group" open={place < 2}>
          <summary>{GROUPS[group]}</summary>
          <Table name={GROUPS[group]} limits={limits.filter((limit) => limit.group === group)} />
        </details>
      ))}
    </section>
  );
}

function Table({ name, limits }: { name: string; limits: readonly Limit[] }) {
  return (
    <table className="limits" aria-label={name}>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {limits.map(({ name, value, description }) => (
          <tr key={name}>
            <th scope="row">
              {description} <code className="dim">{name}</code>
            </th>
            <td>{amount(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
