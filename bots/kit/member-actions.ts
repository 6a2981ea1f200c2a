/** What the buttons of a member's own pages do: consent, undo, export, forget. */
import type { MemberRef, PalateClient } from '../../src/client/index.js';
import { answerConsent, consentAnswered, consentView } from './consent.js';
import type { OfferTracker } from './offer-tracker.js';
import { exportView, tasteView } from './taste.js';
import type { Action, View } from './view.js';
import type { Words } from './words/index.js';

export interface MemberActionParts {
  client: Pick<
    PalateClient,
    'member' | 'createMemberToken' | 'setConsent' | 'rollbackMember' | 'exportTaste' | 'forgetMember'
  >;
  tracker: OfferTracker;
}

/** What an action of whoever pressed leads to: a sentence, or another page. */
export async function actOn(
  { client, tracker }: MemberActionParts,
  ref: MemberRef,
  { verb, arguments: [argument, then] }: Action,
  words: Words,
): Promise<string | View> {
  if (verb === 'consent') {
    const learn = argument === 'yes';
    const sentence = consentAnswered(learn, await answerConsent(client, ref, learn), words);
    return learn || then === undefined ? sentence : `${sentence}\n\n${words.tune.noRound}`;
  }
  const member = await client.member(ref);
  if (!member) return words.taste.nothing;
  switch (verb) {
    case 'community': {
      const { consent } = await client.setConsent(member.id, { community: argument === 'yes' });
      return consentView(consent, words);
    }
    case 'undo': {
      const version = Number(argument);
      await client.rollbackMember(member.id, version);
      return words.taste.undone(version);
    }
    case 'export':
      return exportView((await client.exportTaste(member.id)).data, words);
    case 'forget': {
      if (argument !== 'yes') return words.taste.kept;
      const { id } = await client.forgetMember(member.id);
      tracker.forget(member.externalId);
      return words.taste.forgotten(id);
    }
    default:
      return tasteView(member, words);
  }
}
