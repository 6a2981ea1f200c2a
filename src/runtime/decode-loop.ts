/** The running batch: rows of different members, lengths and prefixes join and leave between steps. */

import { allFinite } from '../common/finite.js';
import { Random } from '../common/random.js';
import { checkDecodeRequest, checkTexts } from './check-request.js';
import { finiteKeyValues, KeyValueCache, type KeyValues, rowOf } from './kv-cache.js';
import { PromptCache } from './prompt-cache.js';
import { PromptReading } from './prompt-reading.js';
import { BEHIND_AFTER, nextToRead } from './reading-turns.js';
import { holdBackRepeats } from './repetition.js';
import { sampleToken } from './sampler.js';
import { ModelFault, NOT_FINITE, type ReadPrompt, type ServingModel } from './serving-model.js';
import type { DecodedRow, DecodeRequest, DecodeRow, FinishReason, ReadRequest, ReadResult } from './types.js';
import { readFeatures, scoreReplies, WorkBehind } from './work-behind.js';

/** How long short prompts are read before the next step; one always is. */
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
  reading: PromptReading;
  /** Rows that have no slot yet. */
  waiting: number[];
  /** Rows that will have one when the prompt is read. */
  promised: number[];
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
  /** Those with rows that are not in the batch yet, in the order in which they came. */
  private readonly jobs: Job[] = [];
  private readonly behind = new WorkBehind();
  /** Until then the replies under way have the model to themselves, but for short prompts. */
  private repliesUntil = 0;
  /** Passes that others had in a row, while the first of the prompts waited, and while the work behind did. */
  private passedOver = { first: 0, behind: 0 };

  /** @param clock milliseconds; only differences matter */
  constructor(
    private readonly model: ServingModel,
    readonly slots: number,
    private readonly events: DecodeEvents,
    private readonly clock = () => performance.now(),
  ) {
    this.cache = new KeyValueCache(model.config, slots);
  }

  /** Slots that are written in, or kept for those whose prompt is being read. */
  get busySlots(): number {
    return this.jobs.reduce((sum, { promised }) => sum + promised.length, this.active.length);
  }

  get queued(): number {
    return this.jobs.reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  get idle(): boolean {
    return this.active.length === 0 && this.jobs.length === 0 && this.behind.empty;
  }

  /** @throws PalateError as `checkDecodeRequest` does */
  submit(id: number, request: DecodeRequest): void {
    checkDecodeRequest(request, this.model);
    this.jobs.push({
      id,
      request,
      reading: this.readingOf(request.promptIds, request.lastUserTurn),
      waiting: [...request.rows.keys()],
      promised: [],
      results: Array(request.rows.length).fill(undefined),
    });
  }

  /** Ends a request's rows with what they have; the next step tells. A prompt that is being read for it is read no further. */
  cancel(id: number): void {
    for (const row of this.active) if (row.job.id === id) row.cancelled = true;
    for (const job of this.jobs.filter((job) => job.id === id)) {
      this.remove(job);
      for (const row of [...job.promised, ...job.waiting]) {
        this.settle(job, row, { tokens: [], finishReason: 'CANCELLED' });
      }
    }
  }

  /** Forgets the prompts that were kept after reading them, when what was asked behind the replies before has been done. */
  dropPrompts(): Promise<void> {
    return this.behind.add({ next: async () => ({ done: true, value: this.prompts.clear() }) });
  }

  /** Reads short prompts, or one pass of something long, then decodes one token a row. */
  async step(): Promise<void> {
    this.removeFinished();
    await this.readPrompts();
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
    if (!finiteKeyValues(cache) || !allFinite(logits)) throw new ModelFault(NOT_FINITE, isPersonal(row.settings));
    this.cache.write(slot, row.length, cache);
    row.length++;
    row.started = true;
    holdBackRepeats(logits, row.tokens, row.settings.dryMultiplier);
    row.next = sampleToken(logits, row.settings, row.random);
    row.tokens.push(row.next);
    if (row.job.request.stopTokens.includes(row.next)) return;
    decoded.push({ id: row.job.id, row: row.row, tokens: [row.next] });
  }

  /** Reads a prompt and its replies without any prefix, between the steps of others. */
  async read(request: ReadRequest): Promise<ReadResult> {
    checkTexts(request.promptIds, request.lastUserTurn, request.replies, this.model);
    const reading = this.readingOf(request.promptIds, request.lastUserTurn);
    return this.behind.add(readFeatures(this.model, reading, request));
  }

  async score(promptIds: number[], replies: number[][]): Promise<Float32Array[]> {
    const turn: [number, number] = [0, promptIds.length - 1];
    checkTexts(promptIds, turn, replies, this.model);
    const reading = this.readingOf(promptIds, turn);
    return this.behind.add(scoreReplies(this.model, reading, promptIds[promptIds.length - 1], replies));
  }

  private readingOf(promptIds: number[], turn: [number, number]): PromptReading {
    return new PromptReading(this.model, this.prompts, promptIds, turn);
  }

  /** Reads short prompts for as long as a step may wait, or something long by one pass, or goes on with what nobody waits for. */
  private async readPrompts(): Promise<void> {
    const until = this.clock() + ADMIT_MS;
    const longToo = this.active.length === 0 || this.clock() >= this.repliesUntil;
    let job = this.nextToRead(longToo);
    const behindIsDue = !this.behind.empty && (!job || this.passedOver.behind >= BEHIND_AFTER);
    if (longToo && behindIsDue) return this.takeLong(() => this.goOnBehind());
    while (job) {
      const next = job;
      if (!next.reading.quick) return this.takeLong(() => this.readOn(next));
      await this.readOn(next);
      job = this.clock() < until ? this.nextToRead(false) : undefined;
    }
  }

  /** What takes long is followed by as much time for the replies under way: they are written at half their pace, not at a crawl. */
  private async takeLong(work: () => Promise<void>): Promise<void> {
    const began = this.clock();
    await work();
    const ended = this.clock();
    this.repliesUntil = ended + (ended - began);
  }

  private async goOnBehind(): Promise<void> {
    this.passedOver.behind = 0;
    await this.behind.goOn();
  }

  /** @param longToo whether there is time for more than short prompts */
  private nextToRead(longToo: boolean): Job | undefined {
    const jobs = this.readable().filter(({ reading }) => longToo || reading.quick);
    return nextToRead(
      jobs.map((job) => ({ job, left: job.reading.left })),
      this.passedOver.first,
    )?.job;
  }

  /** Those whose prompts can be read: there are slots for their rows. */
  private readable(): Job[] {
    return this.jobs.filter(({ promised }) => promised.length > 0 || this.freeSlots > 0);
  }

  /** Slots that nobody has and that no rows are about to take. */
  private get freeSlots(): number {
    return this.slots - this.busySlots;
  }

  /** Reads a request's prompt by one pass, after the last one of which its rows are in the batch: as many as there are slots for. */
  private async readOn(job: Job): Promise<void> {
    this.passedOver.first = job === this.readable()[0] ? 0 : this.passedOver.first + 1;
    this.passedOver.behind = this.behind.empty ? 0 : this.passedOver.behind + 1;
    job.promised.push(...job.waiting.splice(0, this.freeSlots));
    try {
      const prompt = await job.reading.pass();
      if (!prompt) return;
      await this.place(job, prompt);
      if (job.waiting.length === 0) this.remove(job);
    } catch (error) {
      this.fail(job, error);
    }
  }

  /** One pass of the adapter for the rows that have slots. */
  private async place(job: Job, prompt: ReadPrompt): Promise<void> {
    const { promptIds } = job.request;
    const before = promptIds.length - 1;
    const rows = job.promised;
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
    job.promised = [];
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
    for (const { latent, prefix: given, written = [] } of settings) {
      const prefix = prefixes && latent ? rowOf(prefixes, personal++, this.model.config) : given;
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
    this.remove(job);
    this.events.failed(job.id, error);
  }

  /** From those that wait for their prompt or for slots. */
  private remove(job: Job): void {
    const at = this.jobs.indexOf(job);
    if (at >= 0) this.jobs.splice(at, 1);
  }

  private settle(job: Job, row: number, result: DecodedRow): void {
    job.results[row] = result;
    if (job.results.every((r) => r !== undefined)) this.events.generated(job.id, job.results as DecodedRow[]);
  }
}

const isPersonal = ({ latent, prefix }: DecodeRow): boolean => latent !== null || prefix !== undefined;

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
