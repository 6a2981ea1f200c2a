/**
 * What a plugin is and what it is given. A leaf: plugins import this file and the client, and nothing else of ours.
 * The same plugin runs inside the gateway or as a process of its own; it cannot tell the difference.
 */
import { z } from 'zod';
import type { PalateClient } from '../client/index.js';

/** The schema library that `configSchema` is written with, so that a plugin needs no copy of its own. */
export { z };

/** Facts that go with a log line. Values of secret fields are blacked out wherever they turn up. */
export type LogFacts = Readonly<Record<string, unknown>>;

export interface PluginLog {
  debug(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

/** One stored row. */
export interface StoredEntry {
  key: string;
  value: string;
}

export interface StoreOptions {
  /** The member the row is about: it is erased together with that member. Give it wherever there is one. */
  memberId?: string;
}

/**
 * Rows of text that outlive restarts, seen by this plugin only. What `set` has resolved for survives a crash. Keep ids here, not what
 * people wrote.
 */
export interface PluginStorage {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, options?: StoreOptions): Promise<void>;
  delete(key: string): Promise<void>;
  /** Every row whose key begins with `prefix`, in order of key (by code point), read page by page. */
  list(prefix: string): AsyncIterable<StoredEntry>;
}

export interface PluginContext<Config> {
  /** Acts with the plugin's own key: any member of its platform, nobody else. */
  readonly client: PalateClient;
  readonly log: PluginLog;
  /** What `configSchema` made of the settings. */
  readonly config: Config;
  readonly storage: PluginStorage;
  /** Aborts when the plugin is to end: first this, then `stop()`, then what `onEnd` was given. */
  readonly signal: AbortSignal;
  /**
   * Says how something is let go of, as soon as it is opened: called, the last first, when the plugin is over and when its start fails or
   * is given up. What comes when all is over is called at once. All of it together has ten seconds.
   */
  onEnd(what: string, close: () => Promise<void> | void): void;
}

export interface PluginHealth {
  ok: boolean;
  /** For people: what works, or what does not and what to do. */
  message?: string;
  /** Not well, and getting well by itself, as while the platform is away: no reason to be restarted. */
  recovers?: boolean;
}

export interface RunningPlugin {
  /** Lets go of everything that `onEnd` was not given: connections, timers, listeners. What is not done after ten seconds is left behind. */
  stop(): Promise<void> | void;
  /**
   * Asked every few seconds. Not being well three times in a row, or no answer, is a reason to be restarted. It may throw
   * PluginSetupError, where the platform has come to refuse the settings for good: the plugin then ends and waits for others.
   */
  health(): Promise<PluginHealth> | PluginHealth;
}

// --- the doctor: what is wrong with the settings, before or while the plugin runs ------------------------------------------

/** PROBLEM keeps the plugin, or a part of it, from working; WARNING may be meant so. */
export type FindingLevel = 'OK' | 'WARNING' | 'PROBLEM';

/** One thing that was looked at, for people. Values of secret fields are blacked out. */
export interface Finding {
  level: FindingLevel;
  /** What was found, in a sentence. */
  title: string;
  /** What to do: what to press, with the address of the page. */
  advice?: string;
}

/** What a diagnosis works with: it may look, and changes nothing. `signal` aborts when its time is over. */
export interface DiagnosisContext<Config> extends Pick<PluginContext<Config>, 'config' | 'log' | 'signal'> {
  readonly storage: Pick<PluginStorage, 'get' | 'list'>;
}

// --- hooks: pure functions on the way of a generation, inside the gateway only --------------------------------------------

export interface HookTurn {
  role: 'SYSTEM' | 'USER' | 'ASSISTANT';
  content: string;
}

export interface PromptHookInput {
  readonly platform: string;
  /** What the model is about to read, oldest first; the last one is the prompt. */
  readonly turns: readonly HookTurn[];
}

export interface CandidateHookInput {
  readonly platform: string;
  readonly prompt: string;
  /** The complete reply as the model wrote it. */
  readonly text: string;
}

export interface PairHookInput {
  readonly platform: string;
  readonly prompt: string;
  readonly verdict: 'CHOSEN' | 'GOOD' | 'BAD';
  /** The reply that was preferred; null where a BAD reply is set against the prior. */
  readonly chosen: string | null;
  /** The reply it was preferred to; null where a GOOD reply is set against the prior. */
  readonly rejected: string | null;
}

/**
 * Pure: the answer depends on input and settings alone, and nothing else happens. They work while the plugin runs. A hook that fails or takes too long is left out, unless
 * `required` names it: then what it was to look at is refused.
 */
export interface PluginHooks<Config = Record<string, unknown>> {
  /** Whether the hooks see the generations of every platform, or those of the plugin's own. */
  readonly everyPlatform?: boolean;
  readonly required?: readonly ('prompt' | 'candidate' | 'pair')[];
  /** Other turns for the model to read. The last one stays the person's. */
  prompt?(input: PromptHookInput, config: Config): Promise<readonly HookTurn[]> | readonly HookTurn[];
  /** Another text for people to see. Replies are then shown when they are complete, not as they grow. */
  candidate?(input: CandidateHookInput, config: Config): Promise<string> | string;
  /** How much a pair counts, 0 to 1; asked once, when the vote is cast, and kept with the vote. Several plugins' answers multiply. */
  pair?(input: PairHookInput, config: Config): Promise<number> | number;
}

// --- fields of its own in the GraphQL schema, inside the gateway only -------------------------------------------------------

/** Who asks, and the running plugin's own parts. */
export interface FieldContext<Config> extends PluginContext<Config> {
  readonly viewer: { readonly scope: 'ADMIN' | 'BOT' | 'MEMBER'; readonly memberId: string | null };
}

export type FieldResolver<Config> = (
  source: unknown,
  args: Record<string, unknown>,
  context: FieldContext<Config>,
) => unknown;

export interface PluginGraphQL<Config> {
  /**
   * SDL. Types begin with the plugin's name in PascalCase (`my-bot`: `MyBotThing`); fields are added by `extend type Query` and
   * `extend type Mutation` and begin with it in camelCase (`myBotThing`). No other type of the service may be extended.
   */
  readonly typeDefs: string;
  /** By type, then by field. */
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, FieldResolver<Config>>>>>;
  /** Who may ask for a field of Query or Mutation; ADMIN alone unless it is said here. BOT means the plugin's own platform. */
  readonly access?: Readonly<Record<string, readonly ('BOT' | 'MEMBER')[]>>;
}

// --- the plugin ---------------------------------------------------------------------------------------------------------------

export interface Plugin<Schema extends z.ZodObject = z.ZodObject> {
  /** Lower case letters, digits and hyphens, at most 32: it names the plugin everywhere, its stored rows and its settings. */
  readonly name: string;
  readonly version: string;
  /** The chat platform whose members it speaks for, in lower case. */
  readonly platform: string;
  /** One line for people. */
  readonly description?: string;
  /** What is to be done on the platform first, with what to copy there: Markdown, shown to admins above the settings. */
  readonly guide?: string;
  /**
   * What an admin can set. They read title and description, which `.meta()` gives; fields made with `secret()` are written and never
   * read back.
   */
  readonly configSchema: Schema;
  /**
   * Begins to work, and resolves when it does. Not awaited for ever: after 30 seconds it counts as failed, as when it rejects; it is
   * tried again later unless it rejected with PluginSetupError.
   */
  start(context: PluginContext<z.output<Schema>>): Promise<RunningPlugin> | RunningPlugin;
  /**
   * Looks whether the settings work, asking the platform where it must, and says what to do about what does not. It does not start
   * anything, and may be asked while the plugin runs. It has 20 seconds.
   */
  diagnose?(context: DiagnosisContext<z.output<Schema>>): Promise<readonly Finding[]> | readonly Finding[];
  readonly hooks?: PluginHooks<z.output<Schema>>;
  readonly graphql?: PluginGraphQL<z.output<Schema>>;
}

/** Gives the plugin its types; what a plugin file exports by default. */
export function definePlugin<Schema extends z.ZodObject>(plugin: Plugin<Schema>): Plugin<Schema> {
  return plugin;
}

/** A text that an admin sets and nobody reads again: kept encrypted, never shown, blacked out in logs. */
export function secret(description: string): z.ZodString {
  return z.string().min(1).meta({ description, secret: true });
}

/** Settings that an admin reads together, under one heading. */
export function grouped<Fields extends Readonly<Record<string, z.ZodType>>>(group: string, fields: Fields): Fields {
  const entries = Object.entries(fields).map(([name, field]) => [name, field.meta({ ...field.meta(), group })]);
  return Object.fromEntries(entries) as Fields;
}

/** The settings are wrong in a way that trying again does not change: the plugin waits until they are set anew. */
export class PluginSetupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluginSetupError';
  }
}
