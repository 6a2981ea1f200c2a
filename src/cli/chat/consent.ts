/** Asking whether votes may be learned from, where the service is to ask its members first. */
import type { LearnConsent, MemberRef, PalateClient } from '../../client/index.js';
import { wrap } from './layout.js';
import type { Terminal } from './terminal.js';

const QUESTION =
  'May it learn from your votes? It learns what you like, for you alone: from its own replies, from your questions to them and from your votes.';
const KEYS = 'y for yes, n for no, Enter to decide later';

const AGREED: Record<LearnConsent, string> = {
  UNASKED: 'your votes count from now on, and those that were waiting count too',
  DENIED: 'your votes count from now on, and those that had counted before count again',
  GRANTED: 'your votes go on counting',
};
const REFUSED = 'your votes change nothing; /consent asks again';
const LATER = 'your votes wait until you have decided; /consent asks again';

export async function learnConsent(client: Pick<PalateClient, 'member'>, ref: MemberRef): Promise<LearnConsent> {
  return (await client.member(ref))?.consent.learn ?? 'UNASKED';
}

/** Whether votes of a round would change nothing without an answer to the question. */
export async function mustAsk(client: Pick<PalateClient, 'member' | 'platform'>, ref: MemberRef): Promise<boolean> {
  const learn = await learnConsent(client, ref);
  return learn === 'UNASKED' ? (await client.platform(ref.platform)).asksConsent : learn === 'DENIED';
}

/** Asks, keeps the answer and says what it means. @returns the answer; undefined for none, null at the end of input */
export async function askConsent(
  client: PalateClient,
  terminal: Terminal,
  ref: MemberRef,
): Promise<boolean | undefined | null> {
  const { style, width } = terminal.options();
  terminal.print([...wrap(QUESTION, width), style.dim(KEYS)]);
  const key = await terminal.key(['y', 'n']);
  if (key === null) return null;
  const learn = key === '' ? undefined : key === 'y';
  const said = learn === undefined ? LATER : await keep(client, ref, learn);
  terminal.print([...wrap(said, width).map(style.dim), '']);
  return learn;
}

async function keep(client: PalateClient, ref: MemberRef, learn: boolean): Promise<string> {
  let member = await client.member(ref);
  if (!member) {
    // What makes the service know a member for whom nothing was written yet.
    await client.createMemberToken(ref);
    member = await client.member(ref);
  }
  if (!member) throw new Error('A member that was just made is not there.');
  await client.setConsent(member.id, { learn });
  return learn ? AGREED[member.consent.learn] : REFUSED;
}
