/** A member's rights over what is learned: consent, rollback, and being forgotten. */

import type { Limits } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';
import type { DeletionReceipt, Member } from '../../contract/generated/types.js';
import type { ConsentRepository, RollbackRefusal } from '../../store/consent.js';
import type { DeletionReceiptRecord } from '../../store/forgetting.js';
import type { Store } from '../../store/store.js';
import type { FeatureReader } from '../generations/features.js';
import { checkPlatform } from '../generations/generate-input.js';
import type { Generations } from '../generations/generations.js';
import { isId } from '../ids.js';
import { trainingJobOf } from '../records.js';
import type { MemberService, RightsService } from '../services.js';
import type { TrainingJobs } from '../training/job-feed.js';
import type { Housekeeping } from './housekeeping.js';

export interface RightsParts {
  store: Pick<Store, 'consent' | 'forgetting' | 'trainingJobs'>;
  members: MemberService;
  generations: Pick<Generations, 'endOf'>;
  /** Null without a checkpoint. */
  features: FeatureReader | null;
  jobs: TrainingJobs;
  housekeeping: Housekeeping;
  /** Ends what is open of a member who was forgotten, and drops what is kept in memory. */
  letGo(memberId: string): Promise<void>;
  /** A checkpoint is loaded. */
  trainable: boolean;
  limits: Limits;
}

export function rightsService(parts: RightsParts): RightsService {
  const { store, jobs, trainable, limits } = parts;
  const changed = async (memberId: string, change: Awaited<ReturnType<ConsentRepository['set']>>) => {
    if (!change) throw unknownMember(memberId);
    if (change.job) jobs.publish(trainingJobOf(change.job));
    return (await parts.members.byId(memberId)) as Member;
  };
  return {
    setConsent: async (memberId, { learn, community }) => {
      const change = {
        learn: learn == null ? undefined : learn ? ('GRANTED' as const) : ('DENIED' as const),
        community: community ?? undefined,
      };
      return changed(memberId, isId(memberId) ? await store.consent.set(memberId, change, { trainable }) : null);
    },
    rollback: async (memberId, version) => {
      if (!isId(memberId)) throw unknownMember(memberId);
      const change = await store.consent.rollback(memberId, version, { trainable });
      if ('refused' in change) throw refusedRollback(change.refused, memberId, version);
      return changed(memberId, change);
    },
    forget: (memberId) => forget(parts, memberId),
    receipt: async (id) => {
      const receipt = isId(id) ? await store.forgetting.receipt(id) : null;
      return receipt && receiptView(parts, receipt);
    },
    remaining: (memberId) => store.forgetting.remaining(memberId),
    platform: async (name) => {
      checkPlatform(name, limits);
      return { name, asksConsent: await store.consent.asksConsent(name) };
    },
    setPlatform: async (name, { asksConsent }) => {
      checkPlatform(name, limits);
      if (asksConsent != null) await store.consent.setAsksConsent(name, asksConsent);
      return { name, asksConsent: asksConsent ?? (await store.consent.asksConsent(name)) };
    },
  };
}

/** Whoever asks again, because the answer was lost, gets the same receipt. */
async function forget(parts: RightsParts, memberId: string): Promise<DeletionReceipt> {
  const { store, generations, features, jobs, trainable } = parts;
  if (!isId(memberId)) throw unknownMember(memberId);
  const { forgotten, receipt } = await generations.endOf(memberId, async () => {
    await features?.settled();
    const forgotten = await store.forgetting.forget(memberId, { trainable });
    const receipt = forgotten?.receipt ?? (await store.forgetting.receiptOf(memberId));
    if (!receipt) throw unknownMember(memberId);
    return { forgotten, receipt };
  });
  for (const id of forgotten?.endedJobs ?? []) {
    const job = await store.trainingJobs.byId(id);
    if (job) jobs.publish(trainingJobOf(job));
    else jobs.drop(id);
  }
  for (const job of forgotten?.jobs ?? []) jobs.publish(trainingJobOf(job));
  await features?.settled();
  await parts.letGo(memberId);
  parts.housekeeping.removed();
  return receiptView(parts, receipt);
}

function receiptView({ housekeeping }: RightsParts, receipt: DeletionReceiptRecord): DeletionReceipt {
  return { ...receipt, cleanUpBy: housekeeping.deadline(receipt.forgottenAt) };
}

function refusedRollback(refused: RollbackRefusal, memberId: string, version: number): PalateError {
  switch (refused) {
    case 'NO_MEMBER':
      return unknownMember(memberId);
    case 'NO_VERSION':
      return new PalateError(
        'NOT_FOUND',
        `The member has no version ${version}. Read encoder.versions for those there are.`,
      );
    case 'NOT_ACCEPTED':
      return new PalateError(
        'CONFLICT',
        `The quality gate turned version ${version} down, so it never served. Choose one that was accepted.`,
      );
  }
}

function unknownMember(id: string): PalateError {
  return new PalateError('NOT_FOUND', `There is no member ${id}. Check the id.`);
}
