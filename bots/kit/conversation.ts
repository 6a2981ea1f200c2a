/** What was said before: the questions the bot answered, and the replies their askers liked best. */
import type { PalateClient } from '../../src/client/index.js';
import { standingVote } from './ballot.js';
import type { Offer, VoteBook } from './book.js';
import { displayOrder } from './order.js';

export interface Turn {
  role: 'USER' | 'ASSISTANT';
  content: string;
}

/** A question and the reply its asker liked best; the first one shown where they have not said. */
export async function turnsOf(
  { client, book }: { client: Pick<PalateClient, 'generation'>; book: VoteBook },
  offer: Offer,
): Promise<Turn[]> {
  const generation = await client.generation(offer.generationId);
  if (!generation) return [];
  const vote = standingVote(await book.ballot(offer, offer.asker), offer.candidates);
  const ids = generation.candidates.map(({ id }) => id);
  const best = vote?.candidate ?? displayOrder(generation.id, ids)[0];
  const reply = generation.candidates.find(({ id }) => id === best);
  if (!reply) return [];
  return [
    { role: 'USER', content: generation.prompt },
    { role: 'ASSISTANT', content: reply.text },
  ];
}
