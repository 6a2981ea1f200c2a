/** One setting of a plugin as a field of a form. Secrets are written and never read. */
import { useId } from 'react';
import type { Plugin } from '../../client/index.js';

type Field = Plugin['fields'][number];

export function PluginFieldInput({ field }: { field: Field }) {
  const id = useId();
  const { name, title, description, type, secret, required, choices, value, isSet, fromVariable } = field;
  const fixed = fromVariable !== null;
  const common = { id, name, disabled: fixed, 'aria-describedby': `${id}-help` };
  const shown = value ?? field.default ?? '';
  return (
    <div>
      <label htmlFor={id}>
        {title}
        {required && !isSet && <span className="bad"> (needed)</span>}
      </label>
      {type === 'BOOLEAN' || choices ? (
        <select {...common} defaultValue={shown}>
          {!required && <option value="">not set</option>}
          {(choices ?? ['true', 'false']).map((choice) => (
            <option key={choice} value={choice}>
              {choices ? choice : choice === 'true' ? 'yes' : 'no'}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          dir="auto"
          type={secret ? 'password' : type === 'INTEGER' || type === 'NUMBER' ? 'number' : 'text'}
          step={type === 'NUMBER' ? 'any' : undefined}
          autoComplete="off"
          defaultValue={secret ? '' : shown}
          placeholder={secret && isSet ? 'set; type to replace it' : undefined}
        />
      )}
      <p id={`${id}-help`} className="dim small">
        {description}
        {fixed && ` Set by the variable ${fromVariable}.`}
      </p>
    </div>
  );
}

/** What a form says about a field: nothing for one that was left as it is, null for one that was emptied. */
export function enteredIn(field: Field, form: FormData): { name: string; value: string | null }[] {
  const { name, secret, fromVariable, value, isSet } = field;
  if (fromVariable !== null) return [];
  const given = String(form.get(name) ?? '').trim();
  if (given === '') return secret || !isSet ? [] : [{ name, value: null }];
  return given === (value ?? (isSet ? undefined : field.default)) ? [] : [{ name, value: given }];
}
