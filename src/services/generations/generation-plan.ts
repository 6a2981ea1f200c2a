/** What a generation will be before a token is decoded: roles, order, latents, seeds. Everything random is drawn here. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Limits } from '../../common/config.js';
import { Random } from '../../common/random.js';
import type { EncodedChat, Tokenizer } from '../../language-model/tokenizer.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { movedEncoder } from '../../learning/directions.js';
import { decodeEncoder, drawLatent, type PersonalEncoder, priorEncoder } from '../../learning/encoder.js';
import { exploringEncoder } from '../../learning/exploration.js';
import type { DecodeRow, LanguageModelRuntime } from '../../runtime/types.js';
import type { Store } from '../../store/store.js';
import type { TasteSpace } from '../members/taste-maps.js';
import type { CandidateRole } from '../views.js';
import type { FeatureReader } from './features.js';
import type { GenerateRequest } from './generate-input.js';
import type { GenerationHooks } from './hooks.js';
import { chooseRoles } from './roles.js';

export interface GenerationParts {
  store: Pick<Store, 'members' | 'generations' | 'encoders' | 'idempotency'>;
  runtime: LanguageModelRuntime;
  tokenizer: Tokenizer;
  checkpoint: LoadedCheckpoint | null;
  /** What `tasteOffset` moves along; null without a checkpoint. */
  space: TasteSpace | null;
  /** Null without a checkpoint. */
  features: FeatureReader | null;
  hooks: GenerationHooks;
  limits: Limits;
}

export interface PlannedCandidate {
  id: string;
  index: number;
  role: CandidateRole;
  row: DecodeRow;
}

export interface PlannedGeneration {
  id: string;
  memberId: string;
  request: GenerateRequest;
  prompt: EncodedChat;
  encoderVersion: number;
  /** In order of index. */
  candidates: PlannedCandidate[];
}

/** The plan depends on the request's seed, the member's encoder and nothing else but ids; an absent seed is drawn. */
export async function planGeneration(parts: GenerationParts, request: GenerateRequest): Promise<PlannedGeneration> {
  const { store, checkpoint } = parts;
  const prompt = parts.tokenizer.encodeChat(request.turns);
  const member = await store.members.ensure(request.member);
  const digests = parts.features?.digests;
  const serving = digests ? await store.encoders.serving(member.id, digests) : null;
  const known = serving !== null && serving.capacity !== 'PRIOR' ? decodeEncoder(serving.bytes).encoder : null;
  const personal = moved(parts.space, known, request.tasteOffset);
  const random = new Random(request.seed ?? randomInt(2 ** 31));
  const roles = random.fork('order').shuffle(
    chooseRoles(
      {
        count: request.candidateCount,
        personalized: request.personalized,
        // A taste that somebody moves by hand is shown as it is.
        explore: request.explore && request.tasteOffset.length === 0,
        steerable: checkpoint !== null,
        learned: personal !== null,
      },
      random.fork('roles'),
    ),
  );
  const sources = sourcesOf(checkpoint, personal, serving?.verdictCount ?? 0);
  const candidates = roles.map((role, index) => ({
    id: randomUUID(),
    index,
    role,
    row: decodeRow(role, request, sources, random.fork(`candidate/${index}`)),
  }));
  const encoderVersion = roles.includes('PERSONAL') && serving ? serving.version : 0;
  return { id: randomUUID(), memberId: member.id, request, prompt, encoderVersion, candidates };
}

/** What latents are drawn from; null where there is nothing to draw from. */
interface LatentSources {
  personal: PersonalEncoder | null;
  exploring: PersonalEncoder | null;
}

function sourcesOf(
  checkpoint: LoadedCheckpoint | null,
  personal: PersonalEncoder | null,
  verdicts: number,
): LatentSources {
  const known = personal ?? (checkpoint && priorEncoder(checkpoint.latentSize));
  return { personal, exploring: known && exploringEncoder(known, personal ? verdicts : 0) };
}

/** The taste moved along the directions; one that is not known yet is moved away from the middle, with no spread of its own. */
function moved(
  space: TasteSpace | null,
  known: PersonalEncoder | null,
  offsets: readonly number[],
): PersonalEncoder | null {
  if (!space || offsets.length === 0) return known;
  return movedEncoder(known ?? priorEncoder(space.checkpoint.latentSize), space.directions, offsets);
}

function decodeRow(
  role: CandidateRole,
  request: GenerateRequest,
  { personal, exploring }: LatentSources,
  random: Random,
): DecodeRow {
  const { temperature, topP, minP, dryMultiplier, strength } = request;
  const row = { seed: random.fork('tokens').next(), temperature, topP, minP, dryMultiplier };
  const latents = random.fork('latent');
  if (role === 'PERSONAL' && personal) {
    // A single reply is the mean; several stray from it, or they would differ by sampling only.
    const latent =
      request.candidateCount === 1
        ? drawLatent(personal, latents, strength, 0)
        : drawLatent(personal, latents, strength);
    return { ...row, latent };
  }
  if (role === 'EXPLORE' && exploring) return { ...row, latent: drawLatent(exploring, latents, strength, 1) };
  return { ...row, latent: null };
}
