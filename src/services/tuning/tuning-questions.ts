/**
 * The questions of a tuning round, out of the checkpoint's bank: stored as any generation is, with the features that the bank has, so that
 * nothing is decoded or read. A model without a bank writes its replies when it is asked.
 */
import { randomUUID } from 'node:crypto';
import type { Limits } from '../../common/config.js';
import { Random } from '../../common/random.js';
import type { Generation, TuningQuestionInput } from '../../contract/generated/types.js';
import { tasteGaussianOf } from '../../learning/brought-taste.js';
import type { LoadedCheckpoint } from '../../learning/checkpoint.js';
import { decodeEncoder } from '../../learning/encoder.js';
import { fitTaste, type TasteGaussian } from '../../learning/taste-posterior.js';
import { type BankReply, bankPosteriors, type TuningBank } from '../../learning/tuning/bank.js';
import { TUNING_CANDIDATES, TUNING_PROMPTS, TUNING_TOKENS } from '../../learning/tuning/prompts.js';
import { chooseQuestion } from '../../learning/tuning/question.js';
import type { LanguageModelRuntime } from '../../runtime/types.js';
import { GENERATE_OPERATION, type GenerationRecord, type RepliesRecord } from '../../store/generations.js';
import { type CallerKey, KeyTaken } from '../../store/idempotency.js';
import { isMissingReference } from '../../store/sql.js';
import type { Store } from '../../store/store.js';
import { inputDigest, keptName } from '../caller-key.js';
import { checkKey, checkMemberRef, type NamedMember } from '../generations/generate-input.js';
import type { GenerationHooks } from '../generations/hooks.js';
import { keptGeneration } from '../generations/kept-generation.js';
import { forgotten } from '../generations/running-generation.js';
import { generationOf } from '../records.js';
import type { GenerationService, Keyed, TuningService } from '../services.js';
import type { MemberVotes } from '../training/member-votes.js';

/** What questions out of a bank need. */
export interface BankParts {
  bank: TuningBank;
  checkpoint: LoadedCheckpoint;
  votes: MemberVotes;
}

export interface TuningParts {
  store: Pick<Store, 'members' | 'generations' | 'idempotency' | 'tastes'>;
  runtime: Pick<LanguageModelRuntime, 'status'>;
  generations: Pick<GenerationService, 'start'>;
  /** Null: the model has no bank. */
  banked: BankParts | null;
  hooks: GenerationHooks;
  limits: Limits;
}

/** Verdicts that the next question is chosen by: with so many, older ones hardly change what is most worth asking. */
const VOTES = 100;

export function tuningService(parts: TuningParts): TuningService {
  const { store, limits, banked } = parts;
  const questions = banked && new BankQuestions(parts, banked);
  return {
    decodes: banked === null,
    ask: async ({ member: ref, key: givenKey, keyOwner }: Keyed<TuningQuestionInput>, signal) => {
      const member = checkMemberRef(ref, limits);
      const key = checkKey(givenKey, limits);
      if (!questions) return writeQuestion(parts, { member, key, keyOwner }, signal);
      if (key === null) return generationOf(await questions.ask(member));
      const { platform, externalId, scope } = member;
      const kept = {
        key: keptName(keyOwner, key),
        inputDigest: inputDigest({ tuning: { platform, externalId, scope } }),
      };
      const answered = () => keptGeneration(store, key, kept);
      const generation =
        (await answered()) ??
        (await questions.ask(member, kept).catch((error) => {
          if (error instanceof KeyTaken) return answered();
          throw error;
        }));
      return generationOf(generation as GenerationRecord);
    },
  };
}

class BankQuestions {
  /** Posterior means, by question and reply. */
  private readonly means: Float32Array[][];
  /** Places of replies, by their tokens, by prompt. */
  private readonly places: Map<string, { question: number; replies: Map<string, number> }>;

  constructor(
    private readonly parts: TuningParts,
    private readonly banked: BankParts,
  ) {
    const { bank, checkpoint } = banked;
    this.means = bankPosteriors(checkpoint, bank).map((replies) => replies.map(({ mean }) => mean));
    this.places = new Map(
      bank.questions.map(({ prompt, replies }, question) => [
        prompt,
        { question, replies: new Map(replies.map(({ tokens }, place) => [nameOf(tokens), place])) },
      ]),
    );
  }

  /** The next question of the member, stored. Rejects with KeyTaken when the key was used meanwhile. */
  async ask(member: NamedMember, key?: CallerKey): Promise<GenerationRecord> {
    const { store, runtime, hooks } = this.parts;
    const { bank } = this.banked;
    const { id: memberId } = await store.members.ensure(member);
    const [shown, taste] = await Promise.all([this.shownTo(memberId), this.tasteOf(memberId)]);
    const chosen = chooseQuestion({ replies: this.means, shown, taste });
    const { prompt, features, replies } = bank.questions[chosen.question];
    const id = randomUUID();
    const picked = new Random(id).shuffle(chosen.replies).map((place) => ({ id: randomUUID(), reply: replies[place] }));
    const seen = async ({ text }: BankReply) =>
      hooks.readsReplies(member.platform) ? hooks.candidate(member.platform, prompt, text) : text;
    const adding = store.generations.add({
      id,
      memberId,
      prompt,
      encoderVersion: 0,
      model: runtime.status().model,
      modelDigest: bank.modelDigest,
      source: null,
      candidates: await Promise.all(
        picked.map(async ({ id, reply }, index) => ({
          id,
          index,
          role: 'BASE' as const,
          text: await seen(reply),
          tokenIds: [...reply.tokens],
          finishReason: reply.finishReason,
          written: [],
          latent: null,
        })),
      ),
      key,
    });
    const generation = await adding.catch((error) => {
      throw isMissingReference(error) ? forgotten() : error;
    });
    // After a kill in between, the model reads the features later, as it does of any reply that has none.
    await store.generations.saveFeatures(
      id,
      { prompt: features, candidates: new Map(picked.map(({ id, reply }) => [id, reply.features])) },
      { model: bank.modelDigest, checkpoint: bank.checkpointDigest },
    );
    return generation;
  }

  /** How often each reply was shown, by question. A generation with others than the bank's was none of its questions. */
  private async shownTo(memberId: string): Promise<number[][]> {
    const { bank } = this.banked;
    const shown = bank.questions.map(({ replies }) => replies.map(() => 0));
    const before = await this.parts.store.generations.repliesTo(memberId, [...this.places.keys()], bank.modelDigest);
    for (const row of before) {
      const place = this.places.get(row.prompt);
      const replies = row.replies.map((tokens) => place?.replies.get(nameOf(tokens)));
      if (!place || replies.includes(undefined)) continue;
      for (const reply of replies) shown[place.question][reply as number]++;
    }
    return shown;
  }

  /** What the member's votes so far say, also those that no training has taken up yet: a question is asked right behind a vote. */
  private async tasteOf(memberId: string): Promise<TasteGaussian> {
    const { checkpoint, votes } = this.banked;
    const digests = { model: checkpoint.modelDigest, checkpoint: checkpoint.digest };
    const [cast, brought] = await Promise.all([
      votes.ready(memberId),
      this.parts.store.tastes.current(memberId, digests),
    ]);
    const prior = brought
      ? tasteGaussianOf({ ...decodeEncoder(brought.bytes).encoder, pairCount: brought.pairCount })
      : undefined;
    return fitTaste(cast.slice(-VOTES), checkpoint.latentSize, { prior });
  }
}

const nameOf = (tokens: readonly number[]) => tokens.join();

/** One of the questions that the member was asked least often, answered by the model now. */
async function writeQuestion(
  { store, generations, runtime, limits }: TuningParts,
  { member, key, keyOwner }: Keyed<{ member: NamedMember; key: string | null }>,
  signal?: AbortSignal,
): Promise<Generation> {
  const kept = key === null ? null : await store.idempotency.find(GENERATE_OPERATION, keptName(keyOwner, key));
  const again = kept && (await store.generations.byId(String(kept.result.generationId)));
  const known = await store.members.byIdentity(member);
  const before = known ? await store.generations.repliesTo(known.id, TUNING_PROMPTS, runtime.status().modelDigest) : [];
  const started = await generations.start(
    {
      member,
      prompt: again?.prompt || leastAsked(before),
      candidateCount: Math.min(TUNING_CANDIDATES, limits.candidateCountMaximum),
      maxTokens: Math.min(TUNING_TOKENS, limits.maxTokensMaximum),
      key,
      keyOwner,
    },
    // Without a key nobody could ask for the answer again, so a caller who goes away takes the generation along.
    key === null ? signal : undefined,
  );
  return started.finished;
}

function leastAsked(before: readonly RepliesRecord[]): string {
  const times = TUNING_PROMPTS.map((prompt) => before.filter((row) => row.prompt === prompt).length);
  return TUNING_PROMPTS[times.indexOf(Math.min(...times))];
}
