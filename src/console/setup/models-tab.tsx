/** The language models that are there. */
import { useCallback } from 'react';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Loading, Problem } from '../ui/states.js';

export function ModelsTab() {
  const { client } = useSession();
  const ask = useCallback(() => client.models(), [client]);
  const { value: models, problem, reload } = useData(ask);
  if (problem && !models) return <Problem message={problem} onRetry={reload} />;
  if (!models) return <Loading what="Reading the models" />;
  return (
    <section className="card" aria-labelledby="models-title">
      <h2 id="models-title">Models</h2>
      <ul className="versions">
        {models.map((model) => (
          <li key={model.digest ?? model.name}>
            <b>{model.name}</b>
            <span className="dim">
              {model.bytes == null ? '' : `${(model.bytes / 1e6).toFixed(0)} MB, `}
              {model.licence ? `${model.licence}, ` : ''}
              {model.checkpointDigest ? 'learns tastes' : 'learns no tastes: “palate pretrain” has not prepared it'}
            </span>
            {model.serving && <span className="pill">serves now</span>}
          </li>
        ))}
      </ul>
      <p className="dim small">
        Another one is chosen at the start, with <code>--model</code> or <code>PALATE_MODEL</code>; where it has to be
        fetched first, the terminal and this address show how far that is.
      </p>
    </section>
  );
}
