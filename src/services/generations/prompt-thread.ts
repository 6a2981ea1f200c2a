/**
 * The thread that turns conversations into ids: what a caller may make long is counted and encoded there, never on the main thread.
 * One at a time, and members take turns: who sends many long ones keeps nobody else waiting for more than one of them.
 */
import { type ErrorCode, PalateError } from '../../common/errors.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import { workerFile } from '../../common/worker-file.js';
import type { LanguageModelFile } from '../../language-model/model.js';
import type { ChatTurn, EncodedChat } from '../../language-model/tokenizer.js';
import { KeptThread } from '../kept-thread.js';
import { nextInTurn } from './fair-turns.js';
import { type FittedPrompt, type ReplyRoom, readableTurns } from './history.js';

/** Encodes what people wrote. Everything rejects with MODEL_UNAVAILABLE when the model's file is gone. */
export interface PromptEncoder extends Lifecycle {
  /**
   * The conversation, made to fit; `member` is whose turn it takes. Aborting `signal` gives the turn up.
   * Errors: TOO_LONG, BAD_USER_INPUT (history.ts), CANCELLED.
   */
  fit(member: string, turns: readonly ChatTurn[], room: ReplyRoom, signal?: AbortSignal): Promise<FittedPrompt>;
  /** A prompt without history, and replies to it, as they are read for their features. */
  encode(prompt: string, replies: readonly string[]): Promise<{ prompt: EncodedChat; replies: number[][] }>;
}

export interface PromptWorkerData {
  modelPath: string;
  contextLength: number;
}

export type PromptRequest =
  | { kind: 'fit'; turns: ChatTurn[]; room: ReplyRoom }
  | { kind: 'encode'; prompt: string; replies: readonly string[] };

export type PromptReply =
  | { kind: 'done'; result: unknown }
  /** `maximum`: as in `ErrorDetails`. */
  | { kind: 'failed'; code: ErrorCode; message: string; maximum?: number };

interface Pending {
  member: string;
  order: number;
  request: PromptRequest;
  resolve(result: never): void;
  reject(error: Error): void;
}

/** What is encoded for nobody in particular takes a turn as if it were a member. */
const NOBODY = '';

export class PromptThread implements PromptEncoder {
  private readonly thread: KeptThread<PromptRequest, PromptReply>;
  private readonly waiting: Pending[] = [];
  private current: Pending | undefined;
  /** When each member's last turn ended, by `order`, while anybody waits. */
  private readonly lastServed = new Map<string, number>();
  private order = 0;

  private readonly contextLength: number;

  constructor({ path, config: { contextLength } }: Pick<LanguageModelFile, 'path' | 'config'>, log: Log) {
    this.contextLength = contextLength;
    this.thread = new KeptThread({
      title: 'The thread that encodes prompts',
      entry: workerFile('prompt-worker', import.meta.url),
      workerData: { modelPath: path, contextLength } satisfies PromptWorkerData,
      log,
      onReply: (reply) => this.settle(reply),
      onLoss: (reason) => this.lose(reason),
      loss: (cause) =>
        new PalateError('MODEL_UNAVAILABLE', "The model's tokenizer has stopped. Try again in a moment.", { cause }),
    });
  }

  /** Resolves when the thread has the tokenizer. */
  start(): Promise<void> {
    return this.thread.start();
  }

  /** What still waits is rejected with CANCELLED. */
  stop(): Promise<void> {
    return this.thread.stop();
  }

  async fit(member: string, turns: readonly ChatTurn[], room: ReplyRoom, signal?: AbortSignal): Promise<FittedPrompt> {
    if (signal?.aborted) throw askerGone();
    return this.ask(member, { kind: 'fit', turns: readableTurns(turns, this.contextLength), room }, signal);
  }

  encode(prompt: string, replies: readonly string[]): Promise<{ prompt: EncodedChat; replies: number[][] }> {
    return this.ask(NOBODY, { kind: 'encode', prompt, replies });
  }

  private async ask<T>(member: string, request: PromptRequest, signal?: AbortSignal): Promise<T> {
    await this.thread.ready();
    if (signal?.aborted) throw askerGone();
    let giveUp = () => {};
    const answered = new Promise<T>((resolve, reject) => {
      const pending = { member, order: this.order++, request, resolve: resolve as Pending['resolve'], reject };
      giveUp = () => {
        // What is being encoded already is encoded to its end, for nobody.
        const at = this.waiting.indexOf(pending);
        if (at >= 0) this.waiting.splice(at, 1);
        reject(askerGone());
      };
      this.waiting.push(pending);
      this.next();
    });
    signal?.addEventListener('abort', giveUp, { once: true });
    return answered.finally(() => signal?.removeEventListener('abort', giveUp));
  }

  private next(): void {
    if (this.current) return;
    this.current = nextInTurn(this.waiting, this.lastServed);
    if (!this.current) {
      this.lastServed.clear();
      return;
    }
    this.waiting.splice(this.waiting.indexOf(this.current), 1);
    this.thread.post(this.current.request);
  }

  private settle(reply: PromptReply): void {
    const { current } = this;
    this.current = undefined;
    if (current) this.lastServed.set(current.member, this.order++);
    if (reply.kind === 'done') current?.resolve(reply.result as never);
    else current?.reject(new PalateError(reply.code, reply.message, { maximum: reply.maximum }));
    this.next();
  }

  /** The prompt that was being encoded may be what ended the thread: none is tried again. */
  private lose(reason: PalateError): void {
    const lost = [this.current, ...this.waiting.splice(0)];
    this.current = undefined;
    for (const pending of lost) pending?.reject(reason);
  }
}

/** What ends a request whose asker no longer waits for the reply. */
export function askerGone(): PalateError {
  return new PalateError('CANCELLED', 'Nobody waits for this reply any more.');
}
