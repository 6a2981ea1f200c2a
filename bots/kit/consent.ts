/** Asking whether votes may be learned from, and showing what was answered. */
import type { Member } from '../../src/client/index.js';
import { action, type Button, type View } from './view.js';
import type { Words } from './words/index.js';

type Consent = Member['consent'];

/** Whether to ask now: on the first vote or use, never again after an answer. */
export function asksConsent(member: { consent: Consent } | null, asked: boolean): boolean {
  return !asked && (member === null || member.consent.learn === 'UNASKED');
}

/** The question, with its two answers. */
export function consentQuestion({ consent }: Words): View {
  return {
    title: consent.title,
    text: [consent.question],
    fields: [],
    buttons: [answers(consent)],
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

/** The sentence after an answer. */
export function consentAnswered(learn: boolean, { consent }: Words): string {
  return learn ? consent.thanks : consent.refused;
}

function answers(consent: Words['consent']): Button[] {
  return [
    { action: action('consent', 'yes'), label: consent.yes, style: 'primary' },
    { action: action('consent', 'no'), label: consent.no },
  ];
}
