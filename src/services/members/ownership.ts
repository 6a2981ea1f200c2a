/**
 * Whose a thing is. Asked about every field that a bot or a member reads, so what was found is remembered: an owner never changes. Only
 * ids and platforms are kept; ids of what was erased since lead to nothing.
 */
import { LRUCache } from 'lru-cache';
import type { Store } from '../../store/store.js';
import { isId } from '../ids.js';
import type { GenerationService, OwnershipService } from '../services.js';

/** Remembered entries of each kind; the ones that were not asked about for longest go first. */
const REMEMBERED = 10_000;

export function ownershipService(store: Pick<Store, 'ownership'>): OwnershipService & OwnerMemory {
  const { ownership } = store;
  const generations = memory();
  return {
    platform: remembered(memory(), (id) => ownership.platform(id)),
    generation: remembered(generations, (id) => ownership.generation(id)),
    candidate: remembered(memory(), (id) => ownership.candidate(id)),
    feedback: remembered(memory(), (id) => ownership.feedback(id)),
    trainingJob: remembered(memory(), (id) => ownership.trainingJob(id)),
    rememberGeneration: (id, memberId) => void generations.set(id, memberId),
  };
}

export interface OwnerMemory {
  /** Of a generation that is being written: it has no row yet. */
  rememberGeneration(id: string, memberId: string): void;
}

/** Generations whose owner is known from their start. */
export function remembering<T extends GenerationService>(generations: T, memory: OwnerMemory): T {
  return {
    ...generations,
    start: async (input, signal) => {
      const started = await generations.start(input, signal);
      memory.rememberGeneration(started.id, started.memberId);
      return started;
    },
  };
}

function memory(): LRUCache<string, string> {
  return new LRUCache({ max: REMEMBERED });
}

function remembered(known: LRUCache<string, string>, look: (id: string) => Promise<string | null>) {
  return (id: string): string | null | Promise<string | null> => {
    const owner = known.get(id);
    if (owner !== undefined) return owner;
    if (!isId(id)) return null;
    return look(id).then((found) => {
      if (found !== null) known.set(id, found);
      return found;
    });
  };
}
