/** Where commands that talk to a gateway find its admin key. */
import { readFileSync } from 'node:fs';
import { adminKeyFile, type Settings, VARIABLES } from '../common/config.js';
import { PalateError } from '../common/errors.js';

/** @throws PalateError UNAUTHENTICATED when there is no key to be found */
export function findAdminKey(settings: Pick<Settings, 'adminKey' | 'data'>): string {
  if (settings.adminKey) return settings.adminKey;
  const file = adminKeyFile(settings);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const advice = `Set ${VARIABLES.adminKey}, or name the gateway's data folder with --data or ${VARIABLES.data}.`;
    throw new PalateError('UNAUTHENTICATED', `There is no key: ${file} cannot be read. ${advice}`, { cause });
  }
}
