/** Where others may have a say in a generation and its vote: plugins, in order. */

import type { Verdict } from '../../contract/generated/types.js';
import type { ChatTurn } from '../../language-model/tokenizer.js';

export interface JudgedPair {
  platform: string;
  prompt: string;
  verdict: Verdict;
  /** Null: the prior. */
  chosen: string | null;
  rejected: string | null;
}

/** Errors: MODEL_UNAVAILABLE, where somebody who must be asked cannot answer. */
export interface GenerationHooks {
  /** Whether anybody reads replies to this platform: they are then shown when they are complete. */
  readsReplies(platform: string): boolean;
  /** The turns that the model reads instead. */
  prompt(platform: string, turns: readonly ChatTurn[]): Promise<ChatTurn[]>;
  /** The text that people see instead. */
  candidate(platform: string, prompt: string, text: string): Promise<string>;
  /** Whether anybody weighs pairs at all. */
  weighsPairs(): boolean;
  /** How much the pair counts, 0 to 1. */
  pair(pair: JudgedPair): Promise<number>;
}

export const NO_HOOKS: GenerationHooks = {
  readsReplies: () => false,
  prompt: async (_, turns) => [...turns],
  candidate: async (_, __, text) => text,
  weighsPairs: () => false,
  pair: async () => 1,
};
