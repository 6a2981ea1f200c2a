/** The settings of a plugin as a form, under the headings that the plugin gives them; what a set-up begins with is open. */
import { type FormEvent, useId } from 'react';
import type { Plugin, PluginPlacement } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { Problem } from '../ui/states.js';
import { enteredIn, PluginFieldInput } from './plugin-field.js';
import { type FieldGroup, groupsOf } from './plugin-groups.js';
import { useAttempt } from './use-attempt.js';

export function PluginSettings({ plugin, onChange }: { plugin: Plugin; onChange: (plugin: Plugin) => void }) {
  const { client } = useSession();
  const { busy, problem, attempt } = useAttempt();
  const id = useId();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const values = plugin.fields.flatMap((field) => enteredIn(field, data));
    const placement = data.get('placement') as PluginPlacement | null;
    void attempt(async () => {
      onChange(await client.configurePlugin(plugin.name, { values, placement }));
      form.reset();
    });
  };
  return (
    <form onSubmit={submit} aria-label={`Settings of ${plugin.name}`}>
      {problem && <Problem message={problem} />}
      {groupsOf(plugin.fields).map((group) => (
        <Group key={group.name} group={group} />
      ))}
      <div className="fields">
        <div>
          <label htmlFor={id}>Runs</label>
          <select id={id} name="placement" defaultValue={plugin.placement}>
            <option value="IN_PROCESS">inside the service</option>
            <option value="OWN_PROCESS">as a process of its own</option>
          </select>
        </div>
        <button type="submit" className="primary" disabled={busy}>
          Save
        </button>
      </div>
    </form>
  );
}

function Group({ group: { name, open, fields } }: { group: FieldGroup }) {
  const inputs = (
    <div className="fields">
      {fields.map((field) => (
        <PluginFieldInput key={`${field.name}/${field.isSet}/${field.value}`} field={field} />
      ))}
    </div>
  );
  if (name === null) return inputs;
  return (
    // A value that the browser refuses is shown, for it could not be corrected out of sight.
    <details
      className="field-group"
      open={open}
      onInvalid={(event) => {
        event.currentTarget.open = true;
      }}
    >
      <summary>{name}</summary>
      {inputs}
    </details>
  );
}
