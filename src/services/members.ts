/** Members as others see them: identity, consent, the encoder that serves them and how often it wins. */
import type { Limits } from '../common/config.js';
import type { FeatureDigests } from '../store/generations.js';
import type { MemberRecord } from '../store/members.js';
import type { Store } from '../store/store.js';
import { checkMemberRef } from './generate-input.js';
import { isId } from './ids.js';
import type { MemberService } from './services.js';
import type { EncoderView, MemberView } from './views.js';
import { winRateOf } from './win-rate.js';

export interface MemberParts {
  store: Pick<Store, 'members' | 'encoders' | 'feedback'>;
  /** Of the loaded model and checkpoint; null without a checkpoint, when nobody is served an encoder. */
  digests: FeatureDigests | null;
  limits: Limits;
}

export function memberService(parts: MemberParts): MemberService {
  const { store, limits } = parts;
  const viewOf = async (member: MemberRecord | null): Promise<MemberView | null> => {
    if (!member) return null;
    const { id, platform, externalId, scope, learn, community } = member;
    const [encoder, counts] = await Promise.all([encoderView(parts, id), store.feedback.counts(id)]);
    const consent = { learn, community };
    return { id, platform, externalId, scope, consent, encoder, winRate: winRateOf(counts), map: null };
  };
  return {
    byRef: async (ref) => viewOf(await store.members.byIdentity(checkMemberRef(ref, limits))),
    byId: async (id) => (isId(id) ? viewOf(await store.members.byId(id)) : null),
  };
}

async function encoderView({ store, digests }: MemberParts, memberId: string): Promise<EncoderView> {
  const [serving, versions] = await Promise.all([
    digests ? store.encoders.serving(memberId, digests) : null,
    store.encoders.versions(memberId),
  ]);
  if (!serving) return { version: 0, capacity: 'PRIOR', verdictCount: 0, pairCount: 0, updatedAt: null, versions };
  const { version, capacity, verdictCount, pairCount, createdAt } = serving;
  return { version, capacity, verdictCount, pairCount, updatedAt: createdAt, versions };
}
