/** What the doctor finds about a plugin's settings: tokens, permissions, addresses, and what to press. */
import { useState } from 'react';
import type { Finding } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { Problem } from '../ui/states.js';
import { useAttempt } from './use-attempt.js';

const LEVELS: Record<Finding['level'], { word: string; tone: 'good' | 'bad' | 'plain' }> = {
  PROBLEM: { word: 'problem', tone: 'bad' },
  WARNING: { word: 'look at it', tone: 'plain' },
  OK: { word: 'fine', tone: 'good' },
};
const ORDER: readonly Finding['level'][] = ['PROBLEM', 'WARNING', 'OK'];

export function PluginCheck({ name }: { name: string }) {
  const { client } = useSession();
  const { busy, problem, attempt } = useAttempt();
  const [findings, setFindings] = useState<Finding[] | null>(null);
  const check = () => attempt(async () => setFindings(await client.diagnosePlugin(name)));
  return (
    <div className="check">
      <div className="row">
        <button type="button" disabled={busy} onClick={() => void check()}>
          {busy ? 'Checking…' : 'Check'}
          <span className="hidden"> {name}</span>
        </button>
        <span className="dim small">Asks the platform whether the saved settings work, and says what to press.</span>
      </div>
      {problem && <Problem message={problem} />}
      <div role="status">{findings && <Findings findings={findings} />}</div>
    </div>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return <p className="dim">This plugin has nothing to check.</p>;
  const sorted = ORDER.flatMap((level) => findings.filter((finding) => finding.level === level));
  return (
    <ul className="findings">
      {sorted.map(({ level, title, advice }) => (
        <li key={`${title} ${advice}`} className="finding">
          <p>
            <span className={`state tone-${LEVELS[level].tone}`}>{LEVELS[level].word}</span> {title}
          </p>
          {advice && <p className="dim small">{withLinks(advice)}</p>}
        </li>
      ))}
    </ul>
  );
}

/** Addresses in a text can be pressed. */
function withLinks(text: string) {
  let at = 0;
  return text.split(/(https?:\/\/[^\s,;"']*[^\s,;"'.)])/).map((part, i) => {
    at += part.length;
    if (i % 2 === 0) return part;
    return (
      <a key={at} href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    );
  });
}
