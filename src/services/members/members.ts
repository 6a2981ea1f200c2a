/** Members as others see them: identity, consent, the encoder that serves them and how often it wins. */
import type { Limits } from '../../common/config.js';
import type { Encoder, MapPoint, Member } from '../../contract/generated/types.js';
import { decodeEncoder } from '../../learning/encoder.js';
import type { FeatureDigests } from '../../store/generations.js';
import type { MemberRecord } from '../../store/members.js';
import type { Store } from '../../store/store.js';
import { checkMemberRef } from '../generations/generate-input.js';
import { isId } from '../ids.js';
import { winRateOf, winRatesOf } from '../preferences/win-rate.js';
import type { MemberService } from '../services.js';
import { mapPointOf, type TasteSpace } from './taste-maps.js';

export interface MemberParts {
  store: Pick<Store, 'members' | 'encoders' | 'feedback'>;
  /** Of the loaded model and checkpoint; null without a checkpoint, when nobody is served an encoder. */
  digests: FeatureDigests | null;
  /** Where tastes lie on the map; null without a checkpoint. */
  space: TasteSpace | null;
  limits: Limits;
}

export function memberService(parts: MemberParts): MemberService {
  const { store, limits } = parts;
  const viewOf = async (member: MemberRecord | null): Promise<Member | null> => {
    if (!member) return null;
    const { learn, community, ...identity } = member;
    const [learned, counts] = await Promise.all([learnedOf(parts, member.id), store.feedback.counts(member.id)]);
    return { ...identity, consent: { learn, community }, ...learned, winRate: winRateOf(counts) };
  };
  return {
    byRef: async (ref) => viewOf(await store.members.byIdentity(checkMemberRef(ref, limits))),
    byId: async (id) => (isId(id) ? viewOf(await store.members.byId(id)) : null),
    versions: async (id, count) => (isId(id) ? store.encoders.versions(id, count) : []),
    winRates: async (id) => (isId(id) ? winRatesOf(await store.feedback.fairVerdicts(id)) : []),
  };
}

async function learnedOf(
  { store, digests, space }: MemberParts,
  memberId: string,
): Promise<{ encoder: Encoder; map: MapPoint | null }> {
  const serving = digests && (await store.encoders.serving(memberId, digests));
  if (!serving) {
    const none = { memberId, version: 0, capacity: 'PRIOR' as const, verdictCount: 0, pairCount: 0, updatedAt: null };
    return { encoder: none, map: null };
  }
  const { version, capacity, verdictCount, pairCount, createdAt, bytes } = serving;
  const place = space && capacity !== 'PRIOR' ? mapPointOf(space, decodeEncoder(bytes).encoder.mean) : null;
  return { encoder: { memberId, version, capacity, verdictCount, pairCount, updatedAt: createdAt }, map: place };
}
