/** Plugins: what they need, what they say, and whether they run. */
import { Switch } from 'radix-ui';
import { useCallback, useId } from 'react';
import type { Plugin } from '../../client/index.js';
import { StatusWord } from '../live/status-word.js';
import { usePlugins } from '../live/use-plugins.js';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Empty, Loading, Problem } from '../ui/states.js';
import { asksBySetting } from './consent.js';
import { PluginCheck } from './plugin-check.js';
import { PluginGuide } from './plugin-guide.js';
import { PluginSettings } from './plugin-settings.js';
import { useAttempt } from './use-attempt.js';

export function PluginsTab() {
  const { value: plugins, problem, reload, put } = usePlugins();
  if (problem && !plugins) return <Problem message={problem} onRetry={reload} />;
  if (!plugins) return <Loading what="Asking the plugins" />;
  if (plugins.length === 0) {
    return (
      <Empty title="No plugins are loaded">
        <p>
          The service was told to load none. Start it without <code>--plugins none</code>,{' '}
          <code>PALATE_PLUGINS=none</code> or <code>plugins</code> in <code>palate.config.json</code>, and set Discord
          and Slack up here.
        </p>
      </Empty>
    );
  }
  return plugins.map((plugin) => <PluginCard key={plugin.source} plugin={plugin} onChange={put} />);
}

function PluginCard({ plugin, onChange }: { plugin: Plugin; onChange: (plugin: Plugin) => void }) {
  const { client } = useSession();
  const { busy, problem, attempt } = useAttempt();
  const title = useId();
  const runs = plugin.enabled && plugin.status !== 'STOPPED';
  const toggle = () =>
    attempt(async () => onChange(await (runs ? client.stopPlugin(plugin.name) : client.startPlugin(plugin.name))));
  return (
    <section className="card" aria-labelledby={title}>
      <div className="row row-apart">
        <h2 id={title}>
          {plugin.name} {plugin.version && <span className="dim">{plugin.version}</span>}
        </h2>
        <span className="row">
          <StatusWord status={plugin.status} />
          {plugin.status !== 'BROKEN' && (
            <button type="button" disabled={busy} onClick={() => void toggle()}>
              {runs ? 'Stop' : 'Start'}
              <span className="hidden"> {plugin.name}</span>
            </button>
          )}
        </span>
      </div>
      {plugin.description && <p className="dim">{plugin.description}</p>}
      {plugin.message && (
        <p className="finding" role="status" dir="auto">
          {plugin.message}
        </p>
      )}
      {problem && <Problem message={problem} />}
      {plugin.guide && <PluginGuide name={plugin.name} guide={plugin.guide} open={plugin.status === 'UNCONFIGURED'} />}
      {plugin.status !== 'BROKEN' && <PluginSettings plugin={plugin} onChange={onChange} />}
      <PluginCheck name={plugin.name} />
      {plugin.platform && <AsksConsent plugin={plugin} platform={plugin.platform} />}
    </section>
  );
}

/** Where the plugin's own setting asks, that is what holds: its next start would switch this on again. */
function AsksConsent({ plugin, platform }: { plugin: Plugin; platform: string }) {
  const { client } = useSession();
  const id = useId();
  const bySetting = asksBySetting(plugin.fields);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a start of the plugin may have changed it.
  const ask = useCallback(() => client.platform(platform), [client, platform, plugin.status, bySetting]);
  const { value, set } = useData(ask);
  const { problem, attempt } = useAttempt();
  if (!value) return null;
  return (
    <>
      <div className="consent">
        <div>
          <label htmlFor={id}>Ask members of {platform} before learning from them</label>
          <p className="dim small">
            Until a member agrees, their choices are kept and teach nothing.
            {bySetting && ' The setting “Ask consent” above is on, so they are asked. To end that, set it to no first.'}
          </p>
        </div>
        <Switch.Root
          id={id}
          className="switch"
          checked={bySetting || value.asksConsent}
          disabled={bySetting}
          onCheckedChange={(asksConsent) =>
            void attempt(async () => set(await client.setPlatform(platform, { asksConsent })))
          }
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </div>
      {problem && <Problem message={problem} />}
    </>
  );
}
