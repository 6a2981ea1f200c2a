/** Members' active verdicts as the learning sees them: read from the store, and kept in memory for the next time. */
import { fromHalf } from '../../common/half.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { type Posterior, posteriorOf } from '../../learning/posterior.js';
import type { Vote } from '../../learning/votes.js';
import type { TrainingVerdict } from '../../store/feedback.js';
import type { Store } from '../../store/store.js';
import type { FeatureReader } from '../generations/features.js';
import { voteOf } from '../preferences/pairing.js';
import { VoteCache } from './vote-cache.js';

export interface MemberVotesParts {
  store: Pick<Store, 'feedback'>;
  features: FeatureReader;
  checkpoint: LoadedCheckpoint;
}

export class MemberVotes {
  private readonly cache = new VoteCache();

  constructor(private readonly parts: MemberVotesParts) {}

  /** Drops what is kept in memory. */
  drop(): void {
    this.cache.clear();
  }

  /**
   * All of them by position, in the order of the ledger's reading; null for one with nothing to compare. A vote may come before the
   * features of what it judges: then they are waited for.
   */
  async of(memberId: string): Promise<Map<bigint, Vote | null>> {
    const { store, checkpoint } = this.parts;
    const known = this.cache.of(memberId);
    const verdicts = await store.feedback.trainingVerdicts(memberId, known.keys());
    const read = await this.withFeatures(memberId, verdicts, known);
    const votes = new Map(read.map((row) => [row.position, known.get(row.position) ?? voteOfVerdict(row, checkpoint)]));
    const compared = [...votes].flatMap(([position, vote]) => (vote ? [[position, vote] as const] : []));
    this.cache.keep(memberId, new Map(compared));
    return votes;
  }

  /** Those whose features are there, without waiting for others, in the order in which they were cast. */
  async ready(memberId: string): Promise<Vote[]> {
    const { store, checkpoint } = this.parts;
    const known = this.cache.of(memberId);
    const verdicts = await store.feedback.trainingVerdicts(memberId, known.keys());
    const inOrder = verdicts.sort((a, b) => (a.position < b.position ? -1 : 1));
    return inOrder.flatMap((row) => {
      const vote = known.get(row.position) ?? (this.isRead(row) ? voteOfVerdict(row, checkpoint) : null);
      return vote ?? [];
    });
  }

  /** Where features cannot be read again, because the texts have been erased since, the verdict has none and teaches nothing. */
  private async withFeatures(
    memberId: string,
    verdicts: TrainingVerdict[],
    known: ReadonlyMap<bigint, Vote>,
  ): Promise<TrainingVerdict[]> {
    const { store, features } = this.parts;
    const unread = verdicts.filter((row) => !known.has(row.position) && !this.isRead(row));
    if (unread.length === 0) return verdicts;
    await features.ensure(unread.map(({ generationId }) => generationId));
    const reread = await store.feedback.trainingVerdicts(memberId, known.keys());
    return reread.map((row) => (this.isRead(row) ? row : { ...row, promptFeatures: null }));
  }

  private isRead({ featuresModel, featuresCheckpoint }: TrainingVerdict): boolean {
    const { model, checkpoint } = this.parts.features.digests;
    return featuresModel === model && featuresCheckpoint === checkpoint;
  }
}

function voteOfVerdict(verdict: TrainingVerdict, checkpoint: LoadedCheckpoint): Vote | null {
  const prompt = verdict.promptFeatures && fromHalf(verdict.promptFeatures);
  const posterior = (features: Uint8Array | null): Posterior | null =>
    features && prompt ? posteriorOf(checkpoint, fromHalf(features), prompt) : null;
  const posteriors = new Map(verdict.candidates.map(({ id, features }) => [id, posterior(features)]));
  return voteOf(verdict.verdict, posteriors, verdict.chosenCandidateId, verdict.pairWeights);
}
