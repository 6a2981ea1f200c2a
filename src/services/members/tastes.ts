/** A member's taste as a text to take along: exported, signed with this installation's key, and imported as the prior to learn from. */
import { createHash } from 'node:crypto';
import type { Limits, Settings } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { Member } from '../../contract/generated/types.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import type { FeatureDigests } from '../../store/generations.js';
import type { Store } from '../../store/store.js';
import type { TrainingJobRecord } from '../../store/training-jobs.js';
import { isId } from '../ids.js';
import type { MemberService, TasteService } from '../services.js';
import {
  boundedEncoder,
  PAIR_COUNT_BOUND,
  type ReadTaste,
  readTaste,
  type TasteSigner,
  tasteSigner,
} from './taste-file.js';

export interface TasteParts {
  store: Pick<Store, 'members' | 'encoders' | 'tastes' | 'keys'>;
  members: MemberService;
  checkpoint: LoadedCheckpoint | null;
  /** Public keys of other installations whose tastes are taken. */
  trustedKeys: Settings['trustedTasteKeys'];
  onQueued(job: TrainingJobRecord): void;
  limits: Limits;
}

export function tasteService(parts: TasteParts): TasteService {
  const { store } = parts;
  let signer: Promise<TasteSigner> | undefined;
  const signing = () => {
    signer ??= store.keys.secret('taste').then(tasteSigner);
    signer.catch(() => {
      signer = undefined;
    });
    return signer;
  };
  return {
    export: async (memberId) => {
      const digests = digestsOf(parts.checkpoint);
      if (!isId(memberId) || !(await store.members.byId(memberId))) throw unknownMember(memberId);
      const serving = await store.encoders.serving(memberId, digests);
      if (!serving || serving.capacity === 'PRIOR') {
        throw new PalateError('CONFLICT', 'Nothing is learned about this member yet. Export when a version serves.');
      }
      const { bytes: encoder, version } = serving;
      const brought = await store.tastes.current(memberId, digests);
      const pairCount = Math.min(serving.pairCount + (brought?.pairCount ?? 0), PAIR_COUNT_BOUND);
      const data = (await signing()).sign({ ...digests, encoder, pairCount }, new Date());
      return { data, ...digests, version };
    },
    import: async (memberId, data) => {
      const { checkpoint, limits } = parts;
      const digests = digestsOf(checkpoint);
      if (data.length > limits.tasteCharacters) {
        throw refused(`data has ${data.length} characters; ${limits.tasteCharacters} are allowed.`);
      }
      const taste = readTaste(data);
      requireTrust(taste, [(await signing()).publicKey, ...parts.trustedKeys]);
      requireSame(taste, digests);
      boundedEncoder(taste, checkpoint as LoadedCheckpoint);
      const digest = createHash('sha256').update(taste.encoder).digest('hex');
      const imported = { digest, bytes: taste.encoder, pairCount: taste.pairCount };
      const job = isId(memberId) ? await store.tastes.adopt(memberId, imported, digests) : null;
      if (!job) throw unknownMember(memberId);
      parts.onQueued(job);
      return (await parts.members.byId(memberId)) as Member;
    },
  };
}

function digestsOf(checkpoint: LoadedCheckpoint | null): FeatureDigests {
  if (checkpoint) return { model: checkpoint.modelDigest, checkpoint: checkpoint.digest };
  throw new PalateError(
    'MODEL_UNAVAILABLE',
    'The language model has no checkpoint, so there are no tastes. Load one that has, or make one with `palate pretrain`.',
  );
}

function requireTrust({ signer }: ReadTaste, trusted: readonly string[]): void {
  if (trusted.includes(signer)) return;
  throw refused(
    `This taste was signed by another installation, with the key ${signer}. An operator can trust that key in PALATE_TRUSTED_TASTE_KEYS.`,
  );
}

function requireSame({ model, checkpoint }: ReadTaste, digests: FeatureDigests): void {
  if (model !== digests.model)
    throw refused('This taste was learned with another language model, and means nothing here.');
  if (checkpoint !== digests.checkpoint) {
    throw refused('This taste was learned with another checkpoint of the language model, and means nothing here.');
  }
}

function unknownMember(id: string): PalateError {
  return new PalateError('NOT_FOUND', `There is no member ${id}. Check the id.`);
}

function refused(message: string): PalateError {
  return new PalateError('BAD_USER_INPUT', message);
}
