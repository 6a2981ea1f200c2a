/** What another implementation computed with the default model's file. */
import { readFileSync } from 'node:fs';

export interface GoldenCase {
  text: string;
  ids: number[];
  /** [token, logit] of the ten most likely tokens after the text. */
  last_logits_top10: [number, number][];
  /** Log-probability of each token but the first. */
  token_logprobs: number[];
  /** The tokens that greedy decoding goes on with. */
  greedy: number[];
  greedy_text: string;
  /** First eight components by layer: the layer's input at the last token. */
  hidden_last_token_first8: Record<string, number[]>;
  /** By depth: the greedy tokens' pooled features. */
  pooled_reply: Record<'8' | '15' | '22' | 'final', { first8: number[]; norm: number }>;
}

const path = new URL('../golden/smollm2-135m-q4_1.json', import.meta.url);

export const goldenCases: GoldenCase[] = JSON.parse(readFileSync(path, 'utf8')).cases;
