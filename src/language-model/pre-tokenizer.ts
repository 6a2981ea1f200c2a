/**
 * How byte-level BPE models cut text before merging, by the name that a GGUF file gives in `tokenizer.ggml.pre`.
 * The patterns are those of the models' published tokenizer.json files and of llama.cpp for the same names.
 */

export interface PreTokenization {
  /** Each pattern cuts the pieces that the one before left; both matches and what lies between are kept. */
  splits: readonly string[];
  /** A piece that is a token as a whole is taken as it is, even where the merges would not reach it. */
  ignoreMerges: boolean;
  /** Unicode normalisation before anything else. */
  normalization?: 'NFC';
}

const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

/** The pattern of Llama 3 and Qwen 2, which differ in how many digits stay together. */
function words(digits: string): string {
  return [
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}`,
    String.raw`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  ].join('');
}

const LLAMA3: PreTokenization = { splits: [words(String.raw`\p{N}{1,3}`)], ignoreMerges: true };

const PRE_TOKENIZATIONS: Readonly<Record<string, PreTokenization>> = {
  default: {
    splits: [String.raw`[\p{P}\$\+<=>\^~\|]+`, GPT2, String.raw`\p{N}+`, '[0-9][0-9][0-9]'],
    ignoreMerges: false,
  },
  'gpt-2': { splits: [GPT2], ignoreMerges: false },
  smollm: { splits: [String.raw`\p{N}`, GPT2], ignoreMerges: false },
  'llama-bpe': LLAMA3,
  llama3: LLAMA3,
  'llama-v3': LLAMA3,
  qwen2: { splits: [words(String.raw`\p{N}`)], ignoreMerges: false, normalization: 'NFC' },
};

/** The names that `preTokenization` knows. */
export const PRE_TOKENIZER_NAMES: readonly string[] = Object.keys(PRE_TOKENIZATIONS);

/** The rules of that name; undefined when it is not known. */
export function preTokenization(name: string): PreTokenization | undefined {
  return Object.hasOwn(PRE_TOKENIZATIONS, name) ? PRE_TOKENIZATIONS[name] : undefined;
}
