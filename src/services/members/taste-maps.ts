/** Where a member's taste lies: among their own judged replies, and among the tastes of members who agreed to that. */

import { fromHalf } from '../../common/half.js';
import { Random } from '../../common/random.js';
import type { MapPoint, ReplyPoint, TasteDirection } from '../../contract/generated/types.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { coordinatesOf, type TasteDirections } from '../../learning/directions.js';
import { decodeEncoder } from '../../learning/encoder.js';
import { posteriorOf } from '../../learning/posterior.js';
import type { TrainingVerdict } from '../../store/feedback.js';
import type { FeatureDigests } from '../../store/generations.js';
import type { Store } from '../../store/store.js';
import { isId } from '../ids.js';
import type { TasteMapService } from '../services.js';

export interface TasteMapParts {
  store: Pick<Store, 'members' | 'encoders' | 'feedback' | 'generations'>;
  /** Null without a checkpoint: there are no tastes, and the map is empty. */
  space: TasteSpace | null;
}

/** The latent space that this installation's tastes lie in. */
export interface TasteSpace {
  checkpoint: LoadedCheckpoint;
  directions: TasteDirections;
}

/** Points of each kind on one map. */
const POINTS = 300;
/** Directions that are shown: those along which the member's taste is strongest. */
const SHOWN_DIRECTIONS = 4;
/** Characters of a reply that stands for an end of a direction. */
const EXCERPT = 160;

/** A judged reply with its coordinates along all directions. */
interface PlacedReply {
  candidateId: string;
  generationId: string;
  chosen: boolean;
  coordinates: Float64Array;
}

export function tasteMapService({ store, space }: TasteMapParts): TasteMapService {
  return {
    of: async (memberId) => {
      if (!isId(memberId) || !(await store.members.byId(memberId))) return null;
      if (!space) return { taste: null, replies: [], others: [], directions: [] };
      const { directions } = space;
      const digests = digestsOf(space);
      const [serving, verdicts, others] = await Promise.all([
        store.encoders.serving(memberId, digests),
        store.feedback.trainingVerdicts(memberId),
        store.encoders.ofCommunity(memberId, digests, POINTS),
      ]);
      const taste =
        serving && serving.capacity !== 'PRIOR'
          ? coordinatesOf(directions, decodeEncoder(serving.bytes).encoder.mean)
          : null;
      const replies = verdicts.flatMap((verdict) => placeReplies(verdict, space, digests));
      return {
        taste: taste && pointOf(taste),
        replies: replies.slice(-POINTS).map(replyPoint),
        others: anonymous(others.map((bytes) => coordinatesOf(directions, decodeEncoder(bytes).encoder.mean))),
        directions: await describe(store, memberId, taste, replies, directions.rows),
      };
    },
  };
}

/** The place of a latent on the map. */
export function mapPointOf({ directions }: TasteSpace, mean: Float32Array): MapPoint {
  return pointOf(coordinatesOf(directions, mean));
}

export function digestsOf({ checkpoint }: TasteSpace): FeatureDigests {
  return { model: checkpoint.modelDigest, checkpoint: checkpoint.digest };
}

function pointOf(coordinates: Float64Array): MapPoint {
  return { x: coordinates[0], y: coordinates[1] ?? 0 };
}

/** Rounded and in an order of their own, so that a point says that somebody is there and no more. */
function anonymous(tastes: Float64Array[]): MapPoint[] {
  const rounded = tastes.map((taste) => {
    const { x, y } = pointOf(taste);
    return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 };
  });
  return new Random('others').shuffle(rounded.sort((a, b) => a.x - b.x || a.y - b.y));
}

/** Replies whose features are of another model or checkpoint have no place here. */
function placeReplies(verdict: TrainingVerdict, space: TasteSpace, digests: FeatureDigests): PlacedReply[] {
  const { promptFeatures, candidates, chosenCandidateId, generationId } = verdict;
  if (!promptFeatures || verdict.featuresModel !== digests.model) return [];
  if (verdict.featuresCheckpoint !== digests.checkpoint) return [];
  const prompt = fromHalf(promptFeatures);
  const judged = verdict.verdict === 'CHOSEN' ? candidates : candidates.filter(({ id }) => id === chosenCandidateId);
  return judged.flatMap(({ id, features }) => {
    if (!features) return [];
    const { mean } = posteriorOf(space.checkpoint, fromHalf(features), prompt);
    const chosen = id === chosenCandidateId && verdict.verdict !== 'BAD';
    return [{ candidateId: id, generationId, chosen, coordinates: coordinatesOf(space.directions, mean) }];
  });
}

function replyPoint({ candidateId, chosen, coordinates }: PlacedReply): ReplyPoint {
  return { candidateId, chosen, ...pointOf(coordinates) };
}

/** The directions along which the taste is strongest, each told by the member's own replies at its ends. */
async function describe(
  store: TasteMapParts['store'],
  memberId: string,
  taste: Float64Array | null,
  replies: readonly PlacedReply[],
  count: number,
): Promise<TasteDirection[]> {
  const all = Array.from({ length: count }, (_, index) => ({ index, value: taste?.[index] ?? 0 }));
  const strongest = all
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || a.index - b.index)
    .slice(0, SHOWN_DIRECTIONS);
  const ends = strongest.map(({ index }) => {
    const ordered = replies.toSorted((a, b) => a.coordinates[index] - b.coordinates[index]);
    return ordered.length > 1 ? [ordered[0], ordered[ordered.length - 1]] : [];
  });
  const generations = await store.generations.byIds([...new Set(ends.flat().map(({ generationId }) => generationId))]);
  // Words that were written for somebody else are not shown, though the member has judged them.
  const texts = new Map(
    generations
      .filter((generation) => generation.memberId === memberId)
      .flatMap(({ candidates }) => candidates.map(({ id, text }) => [id, text] as const)),
  );
  const excerpt = (reply: PlacedReply | undefined) => texts.get(reply?.candidateId ?? '')?.slice(0, EXCERPT) || null;
  return strongest.map((direction, i) => ({ ...direction, low: excerpt(ends[i][0]), high: excerpt(ends[i][1]) }));
}
