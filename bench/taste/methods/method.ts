/** What the taste bench compares: ways from votes to replies. */
import type { PreferencePair } from '../../../src/learning/latent-dpo.js';
import { type Vote as Choice, choiceOf, pairWeight } from '../../../src/learning/votes.js';
import type { BankReply } from '../bank.js';
import type { ServedModel, WriteRequest, WrittenReply } from '../served-model.js';
import type { Taste } from '../tastes.js';
import type { Vote } from '../votes.js';

/** What a method is told of a member beside the votes. */
export interface Member {
  seed: string;
  /** Only the oracle reads it. */
  taste: Taste;
}

export interface WritingTask {
  model: ServedModel;
  prompt: string;
  /** Replies to the prompt without any taste; empty where there are none. */
  unsteered: readonly BankReply[];
  /** One a reply. */
  seeds: readonly number[];
  maxTokens: number;
  /** The likeliest token every time. */
  greedy?: boolean;
}

export interface PolicyReply extends WrittenReply {
  /** Tokens that were decoded to have it, those of replies that were passed over too. */
  decoded: number;
  /** Where the reply is one of the bank's: it, and those that it was chosen among, itself included, which it is not set against. */
  bank?: { reply: BankReply; among: readonly BankReply[] };
}

/** What was learned of a member. */
export interface Policy {
  /** Says all that its replies depend on but the task: policies of one fingerprint write the same. */
  fingerprint: string;
  /** How much the member should like a reply, in nats where the method says so; null where a method has no opinion. */
  likes: ((reply: BankReply) => number) | null;
  /** Machine time of the fit where it was kept from before; else the bench's clock tells. */
  seconds?: number;
  /** A reply for each of the task's seeds. */
  write(task: WritingTask): Promise<PolicyReply[]>;
}

export interface Method {
  name: string;
  /**
   * Synchronous or not: baselines that train the language model take their time.
   * @param model missing where methods are compared without opening it
   */
  fit(votes: readonly Vote[], member: Member, model?: ServedModel): Policy | Promise<Policy>;
}

type Behind = Pick<WriteRequest, 'latents' | 'prefix'> & { system: string };

/** Pairs of a vote, as the service makes and weighs them: the chosen reply against each other one. */
export function pairsOf({ candidates, chosen }: Vote): PreferencePair[] {
  const weight = pairWeight(candidates.length);
  return candidates
    .filter((_, i) => i !== chosen)
    .map(({ posterior }) => ({ chosen: candidates[chosen].posterior, rejected: posterior, weight }));
}

/** A vote as the estimators take it. */
export function choiceOfVote({ candidates, chosen }: Vote): Choice {
  const options = candidates.map(({ posterior }) => posterior);
  return choiceOf(options, chosen);
}

/** Decoded without any latent, behind one a reply or behind one prefix, and behind a system text where there is one. */
export async function writeBehind(
  { model, prompt, seeds, maxTokens, greedy }: WritingTask,
  { latents = seeds.map(() => null), prefix, system }: Partial<Behind> = {},
): Promise<PolicyReply[]> {
  const turns = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user' as const, content: prompt },
  ];
  const written = await model.write({ turns, latents, prefix, seeds, maxTokens, greedy });
  return written.map((reply) => ({ ...reply, decoded: reply.tokens.length }));
}
