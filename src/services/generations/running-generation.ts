/** A generation while it waits and is written: who reads it, its text so far, and how it ends up stored. */
import { messageOf, PalateError } from '../../common/errors.js';
import type { CandidateDelta, Generation } from '../../contract/generated/types.js';
import type { TextStream } from '../../language-model/tokenizer.js';
import type { DecodedRow } from '../../runtime/types.js';
import { type CallerKey, KeyTaken } from '../../store/idempotency.js';
import { isMissingReference } from '../../store/sql.js';
import { generationOf } from '../records.js';
import type { QueuePlace, StartedGeneration } from '../services.js';
import { type GenerationParts, latentToKeep, type PlannedGeneration } from './generation-plan.js';
import type { Place } from './generation-queue.js';
import { ReplayLog } from './replay-log.js';

interface CandidateText {
  stream: TextStream;
  text: string;
}

export class RunningGeneration {
  readonly id: string;
  readonly memberId: string;
  readonly finished: Promise<Generation>;
  private readonly events = new ReplayLog<QueuePlace | CandidateDelta>();
  private readonly cancelled = new AbortController();
  /** Set where its member is erased: nothing of it is kept. */
  private erased: PalateError | undefined;
  private readonly texts: CandidateText[];
  /** Nothing is shown before the hooks have read it. */
  private readonly held: boolean;
  /** Callers that wait for it; when the last one has gone, it is cancelled, and one with a key not before it could be picked up. */
  private readers = 0;
  private abandoned: NodeJS.Timeout | undefined;

  constructor(
    private readonly parts: GenerationParts,
    private readonly plan: PlannedGeneration,
    private readonly place: Place,
    private readonly key?: CallerKey,
  ) {
    this.id = plan.id;
    this.memberId = plan.memberId;
    this.texts = plan.candidates.map(({ written }) => ({ stream: streamBehind(parts.tokenizer, written), text: '' }));
    this.held = parts.hooks.readsReplies(plan.request.member.platform);
    this.finished = this.run();
    this.finished.catch(() => undefined);
  }

  /** One more caller; its signal says when it no longer wants the reply. */
  join(signal?: AbortSignal): StartedGeneration {
    this.readers++;
    clearTimeout(this.abandoned);
    const leave = () => {
      if (--this.readers === 0) this.abandon();
    };
    if (signal?.aborted) leave();
    else if (signal) {
      signal.addEventListener('abort', leave, { once: true });
      // A connection's signal outlives the generations that are asked for over it.
      const forget = () => signal.removeEventListener('abort', leave);
      this.finished.then(forget, forget);
    }
    const { id, memberId, candidates } = this.plan;
    return {
      id,
      memberId,
      candidates: candidates.map(({ id, index }) => ({ id, index })),
      events: this.events,
      finished: this.finished,
    };
  }

  /** Ends it with CANCELLED for whoever waits; nothing of it is stored. */
  forget(): void {
    this.erased ??= forgotten();
    // Whoever reads does not wait until the model and the hooks have stopped.
    this.events.end(this.erased);
    this.cancel();
  }

  cancel(): void {
    clearTimeout(this.abandoned);
    this.cancelled.abort();
  }

  /** A page that is loaded anew, and a connection that breaks, come back with the same key. */
  private abandon(): void {
    if (!this.key) this.cancel();
    else this.abandoned = setTimeout(() => this.cancel(), this.parts.limits.pickUpSeconds * 1_000).unref();
  }

  private async run(): Promise<Generation> {
    try {
      await this.place.turn(this.cancelled.signal, (place) => this.tellPlace(place));
      this.requireMember();
      this.events.pass();
      const rows = await this.decode();
      this.place.leave(rows.every(({ finishReason }) => finishReason !== 'CANCELLED'));
      const view = await this.store(rows);
      this.events.end();
      return view;
    } catch (error) {
      this.place.leave();
      const failure = this.erased ?? failureOf(error);
      this.events.end(failure);
      throw failure;
    }
  }

  /** Where it stood before is of no use to whoever comes later. */
  private tellPlace(place: QueuePlace): void {
    this.events.pass();
    this.events.push(place);
  }

  private async decode(): Promise<DecodedRow[]> {
    const { runtime, tokenizer } = this.parts;
    const { prompt, candidates } = this.plan;
    const rows = await runtime.generate(
      {
        promptIds: prompt.ids,
        lastUserTurn: prompt.lastUserTurn,
        rows: candidates.map(({ row }) => row),
        maxTokens: prompt.maxTokens,
        stopTokens: [...tokenizer.stopTokens],
      },
      (row, tokens) => this.say(row, tokens.map((token) => this.texts[row].stream.push(token)).join('')),
      this.cancelled.signal,
    );
    // A reply that was cut inside a character ends before it.
    for (const row of rows.keys()) this.say(row, this.texts[row].stream.flush().replace(/\uFFFD+$/, ''));
    this.requireMember();
    if (this.held) await this.tellHeld();
    this.requireMember();
    return rows;
  }

  /** @throws PalateError CANCELLED */
  private requireMember(): void {
    if (this.erased) throw this.erased;
  }

  private say(row: number, written: string): void {
    // A byte-level model can write U+0000, which PostgreSQL's text cannot hold.
    const text = written.replaceAll('\0', '');
    if (text === '') return;
    this.texts[row].text += text;
    if (!this.held) this.events.push({ candidateId: this.plan.candidates[row].id, text });
  }

  /** Hooks read whole replies, and people see what the hooks made of them; what is learned from is what the model wrote. */
  private async tellHeld(): Promise<void> {
    const { hooks } = this.parts;
    const { request, candidates } = this.plan;
    await Promise.all(
      this.texts.map(async (written, row) => {
        written.text = await hooks.candidate(request.member.platform, request.prompt, written.text);
        if (written.text !== '') this.events.push({ candidateId: candidates[row].id, text: written.text });
      }),
    );
  }

  private async store(rows: DecodedRow[]): Promise<Generation> {
    const { store, runtime, features } = this.parts;
    const { id, memberId, request, prompt, encoderVersion, candidates } = this.plan;
    const { model, modelDigest } = runtime.status();
    const generation = await store.generations.add({
      id,
      memberId,
      prompt: request.prompt,
      encoderVersion,
      model,
      modelDigest,
      source: request.source,
      candidates: candidates.map((candidate, i) => ({
        id: candidate.id,
        index: candidate.index,
        role: candidate.role,
        text: this.texts[i].text,
        tokenIds: rows[i].tokens,
        finishReason: rows[i].finishReason,
        written: candidate.written,
        latent: latentToKeep(this.parts, candidate, rows[i].finishReason),
      })),
      key: this.key,
    });
    // What was stored meanwhile is erased with its member.
    this.requireMember();
    // Of what was cancelled before it was begun there is nothing to learn, and its prompt may be long.
    if (rows.some(({ tokens }) => tokens.length > 0)) features?.readBehind(generation, prompt);
    return generationOf(generation);
  }
}

/** What comes next of a reply: a character that was cut at its end is whole then, and spaces between words stay. */
function streamBehind(tokenizer: GenerationParts['tokenizer'], written: readonly number[]): TextStream {
  const stream = tokenizer.stream();
  for (const token of written) stream.push(token);
  return stream;
}

/** A finished generation in the shape of one that starts: its whole text at once. */
export function storedGeneration(view: Generation): StartedGeneration {
  const events = new ReplayLog<CandidateDelta>();
  for (const { id, text } of view.candidates) if (text !== '') events.push({ candidateId: id, text });
  events.end();
  return {
    id: view.id,
    memberId: view.memberId,
    candidates: view.candidates.map(({ id, index }) => ({ id, index })),
    events,
    finished: Promise.resolve(view),
  };
}

/** What whoever waits for a reply is told when its member is erased meanwhile. */
export function forgotten(): PalateError {
  return new PalateError('CANCELLED', 'The member was forgotten while the reply was being written.');
}

function failureOf(error: unknown): PalateError {
  if (error instanceof PalateError) return error;
  if (isMissingReference(error)) return forgotten();
  if (error instanceof KeyTaken) {
    return new PalateError(
      'CONFLICT',
      'Another request with the same key finished first. Send it again for that answer.',
    );
  }
  return new PalateError('INTERNAL', `The reply could not be written (${messageOf(error)}). Try again.`, {
    cause: error,
  });
}
