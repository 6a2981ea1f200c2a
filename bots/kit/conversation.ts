/** What was said before: the questions the bot answered, and the replies their askers liked best. By ids, and as texts. */
import type { Generation, PalateClient } from '../../src/client/index.js';
import { standingVote } from './ballot.js';
import type { Offer, OfferTracker } from './offer-tracker.js';

export interface Turn {
  role: 'USER' | 'ASSISTANT';
  content: string;
}

/** A candidate, and what continues it, in order: together they are one reply. */
export type ReplyRef = readonly { generation: string; candidate: string }[];

type Client = Pick<PalateClient, 'generation'>;

/**
 * The replies that a conversation consists of, oldest first: of each offer the one its asker liked best, the first one shown where they
 * have not said. A continuation takes the place of what it continues, new replies that of the old ones. What is empty is left out.
 */
export async function repliesOf(
  { client, tracker }: { client: Client; tracker: OfferTracker },
  offers: readonly Offer[],
): Promise<ReplyRef[]> {
  const found = await Promise.all(offers.map((offer) => likedOf(client, tracker, offer)));
  const shown = offers.filter((_, i) => found[i] !== null);
  const replaced = new Set(shown.flatMap((offer) => [offer.continues?.[0].generation, offer.replaces]));
  return found.flatMap((ref, i) => {
    const isReplaced = replaced.has(offers[i].generationId) || (ref && isContinued(ref, found.slice(i + 1)));
    return ref && !isReplaced ? [ref] : [];
  });
}

/** Whether a later reply begins as this one and goes on. */
function isContinued(ref: ReplyRef, later: readonly (ReplyRef | null)[]): boolean {
  const { candidate } = ref[ref.length - 1];
  return later.some((other) => other?.slice(0, -1).some((part) => part.candidate === candidate));
}

async function likedOf(client: Client, tracker: OfferTracker, offer: Offer): Promise<ReplyRef | null> {
  const generation = await client.generation(offer.generationId);
  if (!generation || generation.prompt.trim() === '') return null;
  const vote = standingVote(await tracker.ballot(offer, offer.asker), offer.candidates);
  const order = vote?.candidate ? [vote.candidate, ...offer.candidates] : offer.candidates;
  const candidate = order.find((id) => textOf(generation, id).trim() !== '');
  return candidate === undefined ? null : [...(offer.continues ?? []), { generation: generation.id, candidate }];
}

/** Replies as turns: the question and the answer of each. One whose text was erased meanwhile is left out, whole. */
export async function turnsOf(client: Client, refs: readonly ReplyRef[]): Promise<Turn[]> {
  const turns = await Promise.all(refs.map((ref) => turnOf(client, ref)));
  return turns.flat();
}

async function turnOf(client: Client, ref: ReplyRef): Promise<Turn[]> {
  const generations = await Promise.all(ref.map(({ generation }) => client.generation(generation)));
  const parts = ref.map(({ candidate }, i) => textOf(generations[i], candidate));
  const prompt = generations[0]?.prompt ?? '';
  const reply = parts.join('');
  if (prompt.trim() === '' || parts.some((part) => part.trim() === '')) return [];
  return [
    { role: 'USER', content: prompt },
    { role: 'ASSISTANT', content: reply },
  ];
}

function textOf(generation: Generation | null, id: string): string {
  return generation?.candidates.find((candidate) => candidate.id === id)?.text ?? '';
}

/** What is needed to go on with a reply. */
export interface Continuation {
  /** As it was asked then. */
  prompt: string;
  history: Turn[];
  /** The whole of the reply so far, the candidate to go on with last. */
  continues: ReplyRef;
}

/** How a reply of an offer is gone on with; null where it ended by itself, or is not there any more. */
export async function continuationOf(client: Client, offer: Offer, place: number): Promise<Continuation | null> {
  const candidate = offer.candidates[place];
  if (candidate === undefined) return null;
  const continues = [...(offer.continues ?? []), { generation: offer.generationId, candidate }];
  const generations = await Promise.all(
    [continues[0].generation, offer.generationId].map((id) => client.generation(id)),
  );
  const [first, last] = generations;
  const ended = last?.candidates.find(({ id }) => id === candidate);
  if (!first || ended?.finishReason !== 'LENGTH' || ended.text.trim() === '') return null;
  return { prompt: first.prompt, history: await turnsOf(client, offer.history ?? []), continues };
}
