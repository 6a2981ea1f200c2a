/** A plugin's settings by their headings, in the plugin's order. */
import type { Plugin } from '../../client/index.js';

type Field = Plugin['fields'][number];

export interface FieldGroup {
  /** Null: without a heading. */
  name: string | null;
  /** Whether it is shown without being asked for: a set-up begins with it, or something in it is set. */
  open: boolean;
  fields: Field[];
}

/** Headings that a set-up begins with. */
const FIRST = 2;

export function groupsOf(fields: readonly Field[]): FieldGroup[] {
  const names = [...new Set(fields.map(({ group }) => group))].sort((a, b) => Number(a !== null) - Number(b !== null));
  const headings = names.filter((name) => name !== null);
  return names.map((name) => {
    const own = fields.filter(({ group }) => group === name);
    const set = own.some(({ isSet, value, secret, default: usual }) => isSet && (secret || value !== usual));
    return { name, open: name === null || headings.indexOf(name) < FIRST || set, fields: own };
  });
}
