/** Generate: the member's encoder gives latents, the runtime writes candidates behind them, and nobody can tell which is which. */
import { PalateError } from '../../common/errors.js';
import type { GenerateInput } from '../../contract/generated/types.js';
import type { GenerationRecord } from '../../store/generations.js';
import type { CallerKey } from '../../store/idempotency.js';
import { inputDigest, keptName, requireSameInput } from '../caller-key.js';
import { connectionBy, emptyPage, refuseCursor, requirePageSize } from '../connection.js';
import { isId } from '../ids.js';
import { generationOf } from '../records.js';
import type { GenerationService, Keyed, StartedGeneration } from '../services.js';
import { checkGenerateInput, checkKey, type GenerateRequest } from './generate-input.js';
import { type GenerationParts, planGeneration } from './generation-plan.js';
import type { GenerationQueue } from './generation-queue.js';
import { keptGeneration } from './kept-generation.js';
import { askerGone } from './prompt-thread.js';
import { forgotten, RunningGeneration, storedGeneration } from './running-generation.js';

export interface Generations extends GenerationService {
  /** Whether the generation is still being written. */
  isRunning(id: string): boolean;
  /**
   * Ends what is being written for the member, also what is only being planned, and begins nothing more; once that is over, `erase`
   * erases the member. Where it rejects the member stays, and may ask again.
   */
  endOf<T>(memberId: string, erase: () => Promise<T>): Promise<T>;
  /** Cancels what is being written and waits until it is stored. */
  stop(): Promise<void>;
}

interface KeyedStart {
  digest: string;
  started: Promise<RunningGeneration | StartedGeneration>;
}

export function generationService(parts: GenerationParts, queue: GenerationQueue): Generations {
  const { store, limits } = parts;
  const running = new Map<string, RunningGeneration>();
  const keyed = new Map<string, KeyedStart>();
  /** Members that are being forgotten or were, with how often that was asked for; an id never comes back. */
  const ended = new Map<string, number>();
  const end = (memberId: string, asked: 1 | -1) => {
    const times = (ended.get(memberId) ?? 0) + asked;
    if (times > 0) ended.set(memberId, times);
    else ended.delete(memberId);
  };

  /** Aborting `signal` gives up what is not begun yet, and its place at once; not for one with a key, which others may join. */
  const begin = async (
    request: GenerateRequest,
    owner: string | undefined,
    { key, signal }: { key?: CallerKey; signal?: AbortSignal },
  ) => {
    const { platform, externalId, scope } = request.member;
    const member = JSON.stringify([platform, externalId, scope]);
    const place = queue.enter({ member, owner, rows: request.continues === undefined ? request.candidateCount : 1 });
    const leave = () => place.leave();
    signal?.addEventListener('abort', leave, { once: true });
    try {
      const turns = await parts.hooks.prompt(platform, request.turns);
      const generation = await planGeneration(parts, { ...request, turns }, member, signal);
      if (signal?.aborted) throw askerGone();
      if (ended.has(generation.memberId)) throw forgotten();
      const run = new RunningGeneration(parts, generation, place, key);
      running.set(run.id, run);
      run.finished.catch(() => undefined).finally(() => running.delete(run.id));
      return run;
    } catch (error) {
      leave();
      throw error;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  };

  const beginKeyed = async (
    request: GenerateRequest,
    owner: string | undefined,
    key: string,
    name: string,
    digest: string,
  ) => {
    const kept = { key: name, inputDigest: digest };
    const generation = await keptGeneration(store, key, kept);
    if (!generation) return begin(request, owner, { key: kept });
    return storedGeneration(generationOf(generation));
  };

  /** One start a key at a time; the others join it. */
  const startKeyed = (request: GenerateRequest, owner: string | undefined, key: string): KeyedStart['started'] => {
    const name = keptName(owner, key);
    const { platform, externalId, scope } = request.member;
    // Who is meant counts, not what else is said of them.
    const digest = inputDigest({ ...request, member: { platform, externalId, scope } });
    const known = keyed.get(name);
    if (known) {
      requireSameInput(key, known.digest, digest);
      return known.started;
    }
    const started = beginKeyed(request, owner, key, name, digest);
    keyed.set(name, { digest, started });
    const forget = () => keyed.delete(name);
    started.then(({ finished }) => finished.then(forget, forget), forget);
    return started;
  };

  return {
    start: async (input: Keyed<GenerateInput>, signal?: AbortSignal) => {
      const request = checkGenerateInput(input, limits, parts.space?.directions.rows);
      const key = checkKey(input.key, limits);
      const owner = input.keyOwner;
      const started = key === null ? await begin(request, owner, { signal }) : await startKeyed(request, owner, key);
      return started instanceof RunningGeneration ? started.join(signal) : started;
    },
    cancel: async (id) => {
      const run = running.get(id);
      if (run) {
        run.cancel();
        return run.finished;
      }
      const generation = isId(id) ? await store.generations.byId(id) : null;
      if (!generation) throw new PalateError('NOT_FOUND', `There is no generation ${id}. Check the id.`);
      return generationOf(generation);
    },
    byId: async (id) => {
      const generation = isId(id) ? await store.generations.byId(id) : null;
      return generation && generationOf(generation);
    },
    list: async (memberId, first, after) => {
      requirePageSize(first, limits.pageSizeMaximum);
      if (after != null && !isId(after)) refuseCursor();
      const page = isId(memberId)
        ? await store.generations.ofMember(memberId, first, after ?? undefined)
        : emptyPage<GenerationRecord>();
      return connectionBy(page, page.rows.map(generationOf), ({ id }) => id);
    },
    isRunning: (id) => running.has(id),
    endOf: async (memberId, erase) => {
      end(memberId, 1);
      const runs = [...running.values()].filter((run) => run.memberId === memberId);
      for (const run of runs) run.forget();
      await Promise.allSettled(runs.map((run) => run.finished));
      try {
        return await erase();
      } catch (error) {
        end(memberId, -1);
        throw error;
      }
    },
    stop: async () => {
      for (const run of running.values()) run.cancel();
      await Promise.allSettled([...running.values()].map((run) => run.finished));
    },
  };
}
