/** Asking whether votes may be learned from, keeping what was answered, and showing it. */
import type { Member, MemberRef, PalateClient } from '../../src/client/index.js';
import { action, type Button, type View } from './view.js';
import type { Words } from './words/index.js';

type Consent = Member['consent'];

/** What an answer leads to besides itself: a tuning round. */
export type Then = 'tune';

/** Whether to ask now: on the first vote or use, never again after an answer. */
export function asksConsent(member: { consent: Consent } | null, asked: boolean): boolean {
  return !asked && (member === null || member.consent.learn === 'UNASKED');
}

/** The question, with its two answers. */
export function consentQuestion({ consent, tune }: Words, then?: Then): View {
  return {
    title: consent.title,
    text: [...(then === 'tune' ? [tune.askFirst] : []), consent.question],
    fields: [],
    buttons: [answers(consent, then)],
  };
}

/** What is agreed to now, with the buttons that change it. */
export function consentView(now: Consent, { consent }: Words): View {
  const learn = { GRANTED: consent.granted, DENIED: consent.denied, UNASKED: consent.unasked }[now.learn];
  if (now.learn !== 'GRANTED') {
    return { title: consent.title, text: [learn, consent.question], fields: [], buttons: [answers(consent)] };
  }
  return {
    title: consent.title,
    text: [learn, now.community ? consent.communityOn : consent.communityOff],
    fields: [],
    buttons: [
      [
        now.community
          ? { action: action('community', 'no'), label: consent.stopCommunity }
          : { action: action('community', 'yes'), label: consent.shareCommunity },
        { action: action('consent', 'no'), label: consent.no, style: 'danger' },
      ],
    ],
  };
}

/** Keeps an answer, also of somebody the service does not know yet. Gives what had been answered before. */
export async function answerConsent(
  client: Pick<PalateClient, 'member' | 'createMemberToken' | 'setConsent'>,
  ref: MemberRef,
  learn: boolean,
): Promise<Consent['learn']> {
  // Asking for a member's token is what makes the service know them before anything was written for them.
  if (!(await client.member(ref))) await client.createMemberToken(ref);
  const member = await client.member(ref);
  if (!member) throw new Error('A member that was just made is not there.');
  await client.setConsent(member.id, { learn });
  return member.consent.learn;
}

/** The sentence after an answer; `before`: the answer before it. */
export function consentAnswered(learn: boolean, before: Consent['learn'], { consent }: Words): string {
  if (!learn) return consent.refused;
  return before === 'DENIED' ? consent.thanksAgain : consent.thanks;
}

function answers(consent: Words['consent'], then?: Then): Button[] {
  const rest = then === undefined ? [] : [then];
  return [
    { action: action('consent', 'yes', ...rest), label: consent.yes, style: 'primary' },
    { action: action('consent', 'no', ...rest), label: consent.no },
  ];
}
