/** The running batch: rows of different members, lengths and prefixes join and leave between steps. */

import { allFinite } from '../common/finite.js';
import { Random } from '../common/random.js';
import { checkDecodeRequest, checkTexts } from './check-request.js';
import { finiteKeyValues, KeyValueCache, type KeyValues, rowOf } from './kv-cache.js';
import { PromptCache } from './prompt-cache.js';
import { holdBackRepeats } from './repetition.js';
import { sampleToken } from './sampler.js';
import { CHUNK, ModelFault, NOT_FINITE, type ServingModel } from './serving-model.js';
import type { DecodedRow, DecodeRequest, DecodeRow, FinishReason, ReadRequest, ReadResult } from './types.js';

/** How long requests are admitted before the next step; one always is. */
const ADMIT_MS = 50;

/** Tokens that one step decoded. */
export type StepTokens = { id: number; row: number; tokens: number[] }[];

export interface DecodeEvents {
  tokens(batch: StepTokens): void;
  generated(id: number, rows: DecodedRow[]): void;
  /**
   * A request's rows are gone: what kept one of them from being decoded. Its other rows go with it, because they are there to be
   * compared, and one alone could not be voted on; asked again, all are written. Other requests go on.
   */
  failed(id: number, error: unknown): void;
}

interface Job {
  id: number;
  request: DecodeRequest;
  results: (DecodedRow | undefined)[];
}

interface ActiveRow {
  job: Job;
  row: number;
  settings: DecodeRow;
  random: Random;
  /** The token that the next step reads. */
  next: number;
  /** Positions that the slot holds. */
  length: number;
  /** All that the reply has: what was written before, then what was decoded. */
  tokens: number[];
  /** How many of the tokens were written before. */
  given: number;
  /** Whether `next` was decoded rather than given by the prompt. */
  started: boolean;
  cancelled: boolean;
}

/** Rows of a request whose prompt is being read. */
interface Admission {
  job: Job;
  rows: number[];
}

/** Nobody waits any more for what was being read. */
class Abandoned extends Error {}

/** What a step computed for one row. */
interface RowStep {
  logits: Float32Array;
  /** Of the token that the row read. */
  cache: KeyValues;
}

export class DecodeLoop {
  private readonly cache: KeyValueCache;
  private readonly prompts = new PromptCache();
  /** Rows in slot order: row i of every step lives in slot i. */
  private readonly active: ActiveRow[] = [];
  private readonly waiting: { job: Job; row: number }[] = [];
  private readonly admissions = new Set<Admission>();

  /** @param heed lets in what is asked meanwhile; called between the passes over a long prompt, and ends them when it rejects */
  constructor(
    private readonly model: ServingModel,
    readonly slots: number,
    private readonly events: DecodeEvents,
    private readonly heed: () => Promise<void> = async () => {},
  ) {
    this.cache = new KeyValueCache(model.config, slots);
  }

  get busySlots(): number {
    return this.active.length;
  }

  get queued(): number {
    return this.waiting.length;
  }

  get idle(): boolean {
    return this.active.length === 0 && this.waiting.length === 0;
  }

  /** @throws PalateError as `checkDecodeRequest` does */
  submit(id: number, request: DecodeRequest): void {
    checkDecodeRequest(request, this.model);
    const job: Job = { id, request, results: Array(request.rows.length).fill(undefined) };
    request.rows.forEach((_, row) => this.waiting.push({ job, row }));
  }

  /** Ends a request's rows with what they have; the next step tells. */
  cancel(id: number): void {
    for (const row of this.active) if (row.job.id === id) row.cancelled = true;
    for (let i = this.waiting.length - 1; i >= 0; i--) {
      const { job, row } = this.waiting[i];
      if (job.id !== id) continue;
      this.waiting.splice(i, 1);
      this.settle(job, row, { tokens: [], finishReason: 'CANCELLED' });
    }
    for (const { job, rows } of this.admissions) {
      if (job.id !== id) continue;
      for (const row of rows.splice(0)) this.settle(job, row, { tokens: [], finishReason: 'CANCELLED' });
    }
  }

  /** Forgets the prompts that were kept after reading them. */
  dropPrompts(): void {
    this.prompts.clear();
  }

  /** Admits what fits, then decodes one token a row. */
  async step(): Promise<void> {
    this.removeFinished();
    await this.admit();
    await this.decode();
  }

  private async decode(): Promise<void> {
    if (this.active.length === 0) return;
    this.cache.reserve(Math.max(...this.active.map((row) => row.length)) + 1, this.active.length);
    const faults = new Map<Job, unknown>();
    const decoded: StepTokens = [];
    for (const [slot, compute] of (await this.compute()).entries()) {
      try {
        this.advance(slot, compute(), decoded);
      } catch (error) {
        faults.set(this.active[slot].job, error);
      }
    }
    if (decoded.length > 0) this.events.tokens(decoded);
    for (const [job, error] of faults) this.fail(job, error);
    this.removeFinished();
  }

  /**
   * Every row's step, to be called for; it throws what kept the row from being computed. Where the batch as a whole
   * cannot be, each row is by itself, so that only those fail that must.
   */
  private async compute(): Promise<(() => RowStep)[]> {
    const tokens = this.active.map((row) => row.next);
    const lengths = this.active.map((row) => row.length);
    try {
      const step = await this.model.step(this.cache, tokens, lengths);
      return tokens.map((_, index) => () => this.rowOfStep(step, index));
    } catch (error) {
      if (tokens.length === 1) return [raise(error)];
    }
    const steps: (() => RowStep)[] = [];
    for (const [slot, token] of tokens.entries()) {
      const step = this.model.step(this.cache, [token], [lengths[slot]], slot);
      steps.push(await step.then((out) => () => this.rowOfStep(out, 0), raise));
    }
    return steps;
  }

  private rowOfStep({ logits, cache }: { logits: Float32Array; cache: KeyValues }, index: number): RowStep {
    const { vocabulary } = this.model.config;
    return {
      logits: logits.subarray(index * vocabulary, (index + 1) * vocabulary),
      cache: rowOf(cache, index, this.model.config),
    };
  }

  /**
   * Keeps what the step computed for the token that the row read, and takes its next one from the logits.
   * @throws ModelFault before anything is kept, when a number is not finite
   */
  private advance(slot: number, { logits, cache }: RowStep, decoded: StepTokens): void {
    const row = this.active[slot];
    if (!finiteKeyValues(cache) || !allFinite(logits)) throw new ModelFault(NOT_FINITE, row.settings.latent !== null);
    this.cache.write(slot, row.length, cache);
    row.length++;
    row.started = true;
    holdBackRepeats(logits, row.tokens, row.settings.dryMultiplier);
    row.next = sampleToken(logits, row.settings, row.random);
    row.tokens.push(row.next);
    if (row.job.request.stopTokens.includes(row.next)) return;
    decoded.push({ id: row.job.id, row: row.row, tokens: [row.next] });
  }

  /** Reads a prompt and its replies without any prefix, between two steps. */
  async read(request: ReadRequest): Promise<ReadResult> {
    const { promptIds, lastUserTurn, replies } = request;
    checkTexts(promptIds, lastUserTurn, replies, this.model);
    const prompt = await this.prompts.get(promptIds, lastUserTurn, () =>
      this.model.readPrompt(promptIds, lastUserTurn, () => this.goOn()),
    );
    const last = promptIds[promptIds.length - 1];
    const written = replies.filter((reply) => reply.length > 0);
    const features = written.length > 0 ? await this.model.readReplies(prompt, last, written) : [];
    const next = features.values();
    const none = () => new Float32Array(this.model.featureSize);
    return {
      prompt: prompt.features.slice(),
      replies: replies.map((reply) => (reply.length > 0 ? (next.next().value as Float32Array) : none())),
    };
  }

  async score(promptIds: number[], replies: number[][]): Promise<Float32Array[]> {
    const turn: [number, number] = [0, promptIds.length - 1];
    checkTexts(promptIds, turn, replies, this.model);
    const prompt = await this.prompts.get(promptIds, turn, () => this.model.readPrompt(promptIds, turn));
    return this.model.scoreReplies(prompt, promptIds[promptIds.length - 1], replies);
  }

  /** Moves waiting rows of one request at a time into free slots: one prompt read, one pass of the adapter. */
  private async admit(): Promise<void> {
    const until = performance.now() + ADMIT_MS;
    let placed = 0;
    while (this.waiting.length > 0 && this.freeSlots > 0) {
      // Long prompts are read one a step: the replies under way go on between them, and whoever left meanwhile is not read.
      if (placed++ > 0 && performance.now() >= until) return;
      await this.admitFrom(0);
    }
  }

  /** Slots that nobody has and that no rows are about to take. */
  private get freeSlots(): number {
    const promised = [...this.admissions].reduce((sum, { rows }) => sum + rows.length, 0);
    return this.slots - this.active.length - promised;
  }

  /** Places the rows of one request, as many as there are slots for, beginning with one of those that wait. */
  private async admitFrom(index: number): Promise<void> {
    const { job } = this.waiting[index];
    const admission: Admission = { job, rows: [] };
    this.admissions.add(admission);
    while (this.waiting[index]?.job === job && this.freeSlots > 0) {
      admission.rows.push(this.waiting.splice(index, 1)[0].row);
    }
    try {
      await this.place(admission);
    } catch (error) {
      if (!(error instanceof Abandoned)) this.fail(job, error);
    } finally {
      this.admissions.delete(admission);
    }
  }

  /** Serves others between two passes over a long prompt: a step of the replies under way, and a question that one pass reads. */
  private async goOn(admission?: Admission): Promise<void> {
    await this.heed();
    if (admission?.rows.length === 0) throw new Abandoned();
    this.removeFinished();
    const short = this.waiting.findIndex(({ job }) => job.request.promptIds.length <= CHUNK + 1);
    if (short >= 0 && this.freeSlots > 0) await this.admitFrom(short);
    await this.decode();
  }

  private async place(admission: Admission): Promise<void> {
    const { job } = admission;
    const { promptIds, lastUserTurn } = job.request;
    const prompt = await this.prompts.get(promptIds, lastUserTurn, () =>
      this.model.readPrompt(promptIds, lastUserTurn, () => this.goOn(admission)),
    );
    const before = promptIds.length - 1;
    // Nothing is let in from here on.
    const rows = admission.rows.splice(0);
    const own = await this.readOwn(prompt.cache, promptIds[before], job, rows);
    const longest = Math.max(...own.map(({ length }) => length));
    this.cache.reserve(Math.max(before + longest, ...this.active.map((row) => row.length)) + 1, this.active.length);
    rows.forEach((row, i) => {
      const settings = job.request.rows[row];
      const { written = [] } = settings;
      const slot = this.active.length;
      this.cache.write(slot, 0, prompt.cache);
      this.cache.write(slot, before, own[i]);
      this.active.push({
        job,
        row,
        settings,
        random: new Random(settings.seed),
        next: written.at(-1) ?? promptIds[before],
        length: before + own[i].length,
        tokens: [...written],
        given: written.length,
        started: false,
        cancelled: false,
      });
    });
  }

  /**
   * What the rows hold behind the prompt before they decode: their prefixes, and what was written before.
   * @param last the prompt's last token, which each row reads behind its own prefix
   */
  private async readOwn(prompt: KeyValues, last: number, job: Job, rows: number[]): Promise<KeyValues[]> {
    const settings = rows.map((row) => job.request.rows[row]);
    const latents = settings.flatMap(({ latent }) => (latent ? [latent] : []));
    const prefixes = latents.length > 0 ? await this.model.prefixes(latents, prompt.length) : undefined;
    let personal = 0;
    const own: KeyValues[] = [];
    for (const { latent, written = [] } of settings) {
      const prefix = prefixes && latent ? rowOf(prefixes, personal++, this.model.config) : undefined;
      // The last one written is what the next step reads.
      const read = written.length > 0 ? [last, ...written.slice(0, -1)] : [];
      own.push(await this.model.readOn(prompt, prefix, read));
    }
    return own;
  }

  private removeFinished(): void {
    for (let slot = this.active.length - 1; slot >= 0; slot--) {
      const { job, row, tokens, given } = this.active[slot];
      const finishReason = finishOf(this.active[slot]);
      if (!finishReason) continue;
      this.leave(slot);
      this.settle(job, row, { tokens: tokens.slice(given), finishReason });
    }
  }

  /** Frees a slot; the last row moves into it, and nothing is left where that was. */
  private leave(slot: number): void {
    const last = this.active.length - 1;
    if (slot !== last) this.cache.move(last, slot);
    this.cache.clear(last);
    this.active[slot] = this.active[last];
    this.active.pop();
  }

  private fail(job: Job, error: unknown): void {
    for (let slot = this.active.length - 1; slot >= 0; slot--) if (this.active[slot].job === job) this.leave(slot);
    for (let i = this.waiting.length - 1; i >= 0; i--) if (this.waiting[i].job === job) this.waiting.splice(i, 1);
    for (const admission of this.admissions) if (admission.job === job) admission.rows.splice(0);
    this.events.failed(job.id, error);
  }

  private settle(job: Job, row: number, result: DecodedRow): void {
    job.results[row] = result;
    if (job.results.every((r) => r !== undefined)) this.events.generated(job.id, job.results as DecodedRow[]);
  }
}

/** Throws, when it is called, what kept a row from being computed. */
function raise(error: unknown): () => never {
  return () => {
    throw error;
  };
}

function finishOf(row: ActiveRow): FinishReason | undefined {
  if (row.cancelled) return 'CANCELLED';
  if (row.started && row.job.request.stopTokens.includes(row.next)) return 'STOP';
  return row.tokens.length - row.given >= row.job.request.maxTokens ? 'LENGTH' : undefined;
}
