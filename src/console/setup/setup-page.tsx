/** Set-up: plugins, keys, links for members, models and limits, for admins. */
import { Tabs } from 'radix-ui';
import { KeysTab } from './keys-tab.js';
import { LimitsTab } from './limits-tab.js';
import { LinksTab } from './links-tab.js';
import { ModelsTab } from './models-tab.js';
import { PluginsTab } from './plugins-tab.js';
import '../styles/admin.css';

const TABS = [
  { name: 'plugins', label: 'Plugins', Content: PluginsTab },
  { name: 'keys', label: 'Keys', Content: KeysTab },
  { name: 'links', label: 'Links for members', Content: LinksTab },
  { name: 'models', label: 'Models', Content: ModelsTab },
  { name: 'limits', label: 'Limits', Content: LimitsTab },
];

export function SetupPage() {
  return (
    <>
      <h1>Set-up</h1>
      <Tabs.Root defaultValue={TABS[0].name} className="tabs">
        <Tabs.List className="tab-list" aria-label="Parts of the set-up">
          {TABS.map(({ name, label }) => (
            <Tabs.Trigger key={name} value={name} className="quiet tab">
              {label}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {TABS.map(({ name, Content }) => (
          <Tabs.Content key={name} value={name} className="cards">
            <Content />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </>
  );
}
