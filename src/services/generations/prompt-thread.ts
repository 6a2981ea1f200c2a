/**
 * The thread that turns conversations into ids: what a caller may make long is counted and encoded there, never on the main thread.
 * One at a time, and members take turns: who sends many long ones keeps nobody else waiting for more than one of them.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, PalateError } from '../../common/errors.js';
import type { Lifecycle } from '../../common/lifecycle.js';
import type { Log } from '../../common/log.js';
import type { LanguageModelFile } from '../../language-model/model.js';
import type { ChatTurn, EncodedChat } from '../../language-model/tokenizer.js';
import { nextInTurn } from './fair-turns.js';
import { type FittedPrompt, type ReplyRoom, readableTurns } from './history.js';

/** Encodes what people wrote. Everything rejects with MODEL_UNAVAILABLE when the model's file is gone. */
export interface PromptEncoder extends Lifecycle {
  /**
   * The conversation, made to fit; `member` is whose turn it takes.
   * Errors: TOO_LONG, BAD_USER_INPUT (history.ts).
   */
  fit(member: string, turns: readonly ChatTurn[], room: ReplyRoom): Promise<FittedPrompt>;
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
  | { kind: 'ready' }
  | { kind: 'done'; result: unknown }
  | { kind: 'failed'; code: ErrorCode; message: string };

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
  private worker: Worker | undefined;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private readonly waiting: Pending[] = [];
  private current: Pending | undefined;
  /** When each member had its last turn, while anybody waits. */
  private readonly lastServed = new Map<string, number>();
  private order = 0;

  private readonly data: PromptWorkerData;

  constructor(
    { path, config }: Pick<LanguageModelFile, 'path' | 'config'>,
    private readonly log: Log,
  ) {
    this.data = { modelPath: path, contextLength: config.contextLength };
  }

  /** Resolves when the thread has the tokenizer. */
  start(): Promise<void> {
    this.starting ??= this.launch();
    return this.starting;
  }

  /** What still waits is rejected with CANCELLED. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  fit(member: string, turns: readonly ChatTurn[], room: ReplyRoom): Promise<FittedPrompt> {
    return this.ask(member, { kind: 'fit', turns: readableTurns(turns, this.data.contextLength), room });
  }

  encode(prompt: string, replies: readonly string[]): Promise<{ prompt: EncodedChat; replies: number[][] }> {
    return this.ask(NOBODY, { kind: 'encode', prompt, replies });
  }

  private async ask<T>(member: string, request: PromptRequest): Promise<T> {
    if (this.stopping) throw stopped();
    await this.start();
    return new Promise<T>((resolve, reject) => {
      const pending = { member, order: this.order++, request, resolve: resolve as Pending['resolve'], reject };
      this.waiting.push(pending);
      this.next();
    });
  }

  private next(): void {
    if (this.current || !this.worker) return;
    this.current = nextInTurn(this.waiting, this.lastServed);
    if (!this.current) {
      this.lastServed.clear();
      return;
    }
    this.waiting.splice(this.waiting.indexOf(this.current), 1);
    this.lastServed.set(this.current.member, this.order++);
    this.worker.postMessage(this.current.request);
  }

  private launch(): Promise<void> {
    // The worker has this file's own extension: TypeScript from sources, JavaScript when built.
    const entry = new URL(`./prompt-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(entry, { workerData: this.data });
    this.worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (reply: PromptReply) => (reply.kind === 'ready' ? resolve() : this.settle(reply)));
      worker.on('error', (err) => {
        this.log.error({ err }, 'The thread that encodes prompts failed');
        reject(unavailable(err));
      });
      worker.on('exit', () => {
        reject(unavailable());
        this.lose(worker);
      });
    });
  }

  private settle(reply: Exclude<PromptReply, { kind: 'ready' }>): void {
    const { current } = this;
    this.current = undefined;
    if (reply.kind === 'done') current?.resolve(reply.result as never);
    else current?.reject(new PalateError(reply.code, reply.message));
    this.next();
  }

  /** The next prompt starts a thread anew; the one that was being encoded may be what ended it. */
  private lose(worker: Worker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.starting = undefined;
    const lost = [this.current, ...this.waiting.splice(0)];
    this.current = undefined;
    for (const pending of lost) pending?.reject(this.stopping ? stopped() : unavailable());
  }

  private async end(): Promise<void> {
    await this.starting?.catch(() => undefined);
    await this.worker?.terminate();
  }
}

function stopped(): PalateError {
  return new PalateError('CANCELLED', 'The service is stopping.');
}

function unavailable(cause?: unknown): PalateError {
  return new PalateError('MODEL_UNAVAILABLE', "The model's tokenizer has stopped. Try again in a moment.", { cause });
}
