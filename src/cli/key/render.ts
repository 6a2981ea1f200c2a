/** Keys as a table, and the one that is meant by what was typed. */
import { PalateError } from '../../common/errors.js';
import type { ListedKey } from './key-access.js';

const HEADINGS = ['NAME', 'SCOPE', 'FOR', 'SECRET', 'LAST USED', 'ENDS', 'ID'] as const;

/** One line a key, columns as wide as they need to be. Control characters in names are shown as spaces. */
export function renderKeys(keys: readonly ListedKey[], now: Date): string {
  if (keys.length === 0) return 'There are no keys. "palate key create" makes one.\n';
  const rows = keys.map((key) => [
    key.name,
    key.scope.toLowerCase(),
    key.platform ?? (key.scope === 'MEMBER' ? 'a member' : 'everything'),
    `${key.prefix}…`,
    key.lastUsedAt === null ? 'never' : minute(key.lastUsedAt),
    endOf(key, now),
    key.id,
  ]);
  const lines = [[...HEADINGS], ...rows].map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, ' ')));
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((row) => [...row[column]].length)));
  const render = (row: string[]) =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column] - [...cell].length))
      .join('  ')
      .trimEnd();
  return `${lines.map(render).join('\n')}\n`;
}

/**
 * The key of this id, or the only good one of this name or these first characters.
 * @throws PalateError NOT_FOUND, or CONFLICT when several are meant
 */
export function findKey(keys: readonly ListedKey[], typed: string): ListedKey {
  const exact = keys.find((key) => key.id === typed);
  if (exact) return exact;
  const found = keys.filter((key) => key.revokedAt === null && (key.name === typed || key.prefix === typed));
  if (found.length === 1) return found[0];
  if (found.length === 0)
    throw new PalateError('NOT_FOUND', `There is no key "${typed}". "palate key list" shows them.`);
  const ids = found.map((key) => key.id).join(', ');
  throw new PalateError('CONFLICT', `${found.length} keys are called "${typed}". Give the id of one: ${ids}.`);
}

/** For a line of text: what the key is for. */
export function describeKey({ name, scope, platform }: ListedKey): string {
  const of = scope === 'BOT' ? `bot key of ${platform}` : scope === 'MEMBER' ? "member's key" : 'admin key';
  return `"${name}", ${of}`;
}

function endOf({ revokedAt, expiresAt }: ListedKey, now: Date): string {
  if (revokedAt !== null) return `revoked ${minute(revokedAt)}`;
  if (expiresAt === null) return 'never';
  return new Date(expiresAt) <= now ? `ran out ${minute(expiresAt)}` : minute(expiresAt);
}

function minute(moment: Date | string): string {
  return new Date(moment).toISOString().slice(0, 16).replace('T', ' ');
}
