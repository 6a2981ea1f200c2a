/** How the plugins are. */
import { Empty, Loading, Problem } from '../ui/states.js';
import { ago } from '../ui/time.js';
import { StatusWord } from './status-word.js';
import { usePlugins } from './use-plugins.js';

export function PluginHealth() {
  const { value: plugins, problem, reload } = usePlugins();
  return (
    <section className="card" aria-labelledby="health-title">
      <h2 id="health-title">Plugins</h2>
      {problem && !plugins && <Problem message={problem} onRetry={reload} />}
      {!problem && !plugins && <Loading what="Asking the plugins" />}
      {plugins?.length === 0 && (
        <Empty title="No plugins">
          The service was told to load none: by <code>--plugins</code>, <code>PALATE_PLUGINS</code> or{' '}
          <code>palate.config.json</code>.
        </Empty>
      )}
      <ul className="versions">
        {plugins?.map((plugin) => (
          <li key={plugin.source}>
            <b>{plugin.name}</b>
            <StatusWord status={plugin.status} />
            <span className="dim">
              {plugin.message}
              {plugin.restarts > 0 && ` Restarted ${plugin.restarts === 1 ? 'once' : `${plugin.restarts} times`}.`}
              {plugin.startedAt && ` Started ${ago(plugin.startedAt)}.`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
