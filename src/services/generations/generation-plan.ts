/** What a generation will be before a token is decoded: roles, order, latents, seeds. Everything random is drawn here. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Limits } from '../../common/config.js';
import { Random } from '../../common/random.js';
import type { CandidateRole } from '../../contract/generated/types.js';
import type { Tokenizer } from '../../language-model/tokenizer.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { movedEncoder } from '../../learning/directions.js';
import { decodeEncoder, drawLatent, type PersonalEncoder, priorEncoder } from '../../learning/encoder.js';
import { exploringEncoder } from '../../learning/exploration.js';
import type { DecodeRow, FinishReason, LanguageModelRuntime } from '../../runtime/types.js';
import type { KeptLatent } from '../../store/generations.js';
import type { Store } from '../../store/store.js';
import type { TasteSpace } from '../members/taste-maps.js';
import { type Continuation, findContinuation, keptLatent } from './continuation.js';
import type { FeatureReader } from './features.js';
import type { GenerateRequest } from './generate-input.js';
import type { FittedPrompt } from './history.js';
import type { GenerationHooks } from './hooks.js';
import type { PromptEncoder } from './prompt-thread.js';
import { chooseRoles } from './roles.js';

export interface GenerationParts {
  store: Pick<Store, 'members' | 'generations' | 'encoders' | 'idempotency'>;
  runtime: LanguageModelRuntime;
  /** Only decodes here: what people wrote is encoded elsewhere. */
  tokenizer: Pick<Tokenizer, 'stream' | 'stopTokens'>;
  prompts: PromptEncoder;
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
  /** Tokens of the reply that came before, where it is gone on with. */
  written: number[];
}

export interface PlannedGeneration {
  id: string;
  memberId: string;
  request: GenerateRequest;
  prompt: FittedPrompt;
  encoderVersion: number;
  /** In order of index. */
  candidates: PlannedCandidate[];
}

/**
 * The plan depends on the request's seed, the member's encoder and nothing else but ids; an absent seed is drawn. What is gone on with
 * depends on no encoder: its latent is the one it was begun behind. Aborting `signal` gives it up: CANCELLED.
 */
export async function planGeneration(
  parts: GenerationParts,
  request: GenerateRequest,
  turnOf: string,
  signal?: AbortSignal,
): Promise<PlannedGeneration> {
  const { store, prompts } = parts;
  const random = new Random(request.seed ?? randomInt(2 ** 31));
  const encode = (written: number) => prompts.fit(turnOf, request.turns, { reply: request.maxTokens, written }, signal);
  if (request.continues !== undefined) {
    const memberId = (await store.members.byIdentity(request.member))?.id ?? null;
    const continuation = await continuationOf(parts, request.continues, memberId);
    const prompt = await encode(continuation.written.length);
    return {
      id: randomUUID(),
      memberId: continuation.memberId,
      request,
      prompt,
      ...goOn(request, continuation, random),
    };
  }
  // What does not fit makes nobody a member.
  const prompt = await encode(0);
  const { id: memberId } = await store.members.ensure(request.member);
  return { id: randomUUID(), memberId, request, prompt, ...(await drawCandidates(parts, request, memberId, random)) };
}

type DrawnCandidates = Pick<PlannedGeneration, 'encoderVersion' | 'candidates'>;

function continuationOf(
  { store, runtime, checkpoint }: GenerationParts,
  candidateId: string,
  memberId: string | null,
): Promise<Continuation> {
  const { modelDigest } = runtime.status();
  return findContinuation(store, candidateId, memberId, { modelDigest, checkpointDigest: checkpoint?.digest ?? null });
}

function goOn(request: GenerateRequest, continuation: Continuation, random: Random): DrawnCandidates {
  const { role, latent, written, encoderVersion } = continuation;
  const row = { ...samplingRow(request, random.fork('candidate/0')), latent, written };
  return { encoderVersion, candidates: [{ id: randomUUID(), index: 0, role, row, written }] };
}

async function drawCandidates(
  parts: GenerationParts,
  request: GenerateRequest,
  memberId: string,
  random: Random,
): Promise<DrawnCandidates> {
  const { store, checkpoint } = parts;
  const digests = parts.features?.digests;
  const serving = digests ? await store.encoders.serving(memberId, digests) : null;
  const known = serving !== null && serving.capacity !== 'PRIOR' ? decodeEncoder(serving.bytes).encoder : null;
  const personal = moved(parts.space, known, request.tasteOffset);
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
    written: [],
  }));
  return { encoderVersion: roles.includes('PERSONAL') && serving ? serving.version : 0, candidates };
}

/** What has to be kept of a candidate that may be gone on with. */
export function latentToKeep(
  { checkpoint }: Pick<GenerationParts, 'checkpoint'>,
  { row }: PlannedCandidate,
  finishReason: FinishReason,
): KeptLatent | null {
  return finishReason === 'LENGTH' && row.latent && checkpoint ? keptLatent(row.latent, checkpoint.digest) : null;
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

function samplingRow({ temperature, topP, minP, dryMultiplier }: GenerateRequest, random: Random) {
  return { seed: random.fork('tokens').next(), temperature, topP, minP, dryMultiplier };
}

function decodeRow(
  role: CandidateRole,
  request: GenerateRequest,
  { personal, exploring }: LatentSources,
  random: Random,
): DecodeRow {
  const { strength } = request;
  const row = samplingRow(request, random);
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
