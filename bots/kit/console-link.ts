/** The way from a chat into the console: a link that lets one member in for a while, said to them alone. */
import type { MemberRef, PalateClient } from '../../src/client/index.js';
import type { PluginLog } from '../../src/plugins/contract.js';
import type { View } from './view.js';
import type { Words } from './words/index.js';

/** The longest address that buttons of every platform carry. */
const URL_CHARACTERS = 512;

interface Parts {
  client: Pick<PalateClient, 'createMemberToken'>;
  log: PluginLog;
}

/** A member's page with the way to the console on it. Whoever may see it may act for the member: show it to nobody else. */
export async function withConsole({ client, log }: Parts, ref: MemberRef, words: Words, page: View): Promise<View> {
  try {
    return consoleOn(page, await client.createMemberToken(ref), words, Date.now());
  } catch (error) {
    log.warn('A link to the console could not be made', { error });
    return page;
  }
}

/** @param now milliseconds since 1970 */
export function consoleOn(
  page: View,
  { url, expiresAt }: { url: string; expiresAt: string },
  { console }: Words,
  now: number,
): View {
  const say = (value: string): View => ({ ...page, fields: [...page.fields, { name: console.title, value }] });
  if (url.length > URL_CHARACTERS) return page;
  const { origin, hostname } = new URL(url);
  if (isThisMachine(hostname)) return say(console.hereOnly(origin));
  const minutes = Math.max(1, Math.round((new Date(expiresAt).getTime() - now) / 60_000));
  return { ...say(console.goodFor(minutes)), link: { label: console.open, url } };
}

/** Whether an address leads to nothing but the machine that it is opened on. */
function isThisMachine(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(hostname);
}
