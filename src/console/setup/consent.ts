/** Whether a plugin makes its platform ask for consent. */
import type { Plugin } from '../../client/index.js';

type Field = Pick<Plugin['fields'][number], 'name' | 'value' | 'default'>;

/** Bots have this setting: where it is on, each of their starts lets the platform ask first. */
const SETTING = 'askConsent';

export function asksBySetting(fields: readonly Field[]): boolean {
  const field = fields.find(({ name }) => name === SETTING);
  return (field?.value ?? field?.default) === 'true';
}
