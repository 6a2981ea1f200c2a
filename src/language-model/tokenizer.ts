/**
 * Text to token ids and back, with the vocabulary, merges and chat template that come inside the model file.
 * Merging is the library's; what is special, and where a message begins and ends in the ids, is decided here: the
 * library only ever sees plain text and a vocabulary without special tokens, so that no text can turn into one.
 */
import { Tokenizer as BytePairEncoder } from '@huggingface/tokenizers';
import { messageOf, PalateError } from '../common/errors.js';
import { ChatTemplate, type ChatTurn, type PromptPiece } from './chat-template.js';
import type { MetadataReader } from './gguf-metadata.js';
import { PRE_TOKENIZER_NAMES, type PreTokenization, preTokenization } from './pre-tokenizer.js';
import { scoredMerges } from './sentencepiece.js';
import { Vocabulary } from './vocabulary.js';

export type { ChatTurn };

/** Half-open range of positions in a prompt's ids. */
export type TokenRange = [start: number, end: number];

export interface EncodedChat {
  ids: number[];
  /** Tokens of the last user turn's content; one that also covers template text counts as content. */
  lastUserTurn: TokenRange;
}

/** Turns ids into text as they come. */
export interface TextStream {
  /** New text that is complete; bytes of an unfinished character wait for the next ids. */
  push(id: number): string;
  /** What is left at the end: U+FFFD for a character that was never finished. */
  flush(): string;
}

export interface Tokenizer {
  /**
   * Ids of plain text: special tokens written in it stay text, and no beginning-of-sequence token is added.
   * Characters that the vocabulary cannot spell (some control characters, unassigned planes) are left out.
   */
  encode(text: string): number[];
  /** Ids of text in which special tokens are recognised. For templates and tests, never for what people write. */
  encodeRaw(text: string): number[];
  /**
   * Ids of a conversation in the model's chat format, ready for the assistant's next turn.
   * Contents count as plain text; otherwise the ids are those of the whole rendered text.
   * @throws PalateError BAD_USER_INPUT without a user turn, or when the template refuses the order of turns
   */
  encodeChat(turns: readonly ChatTurn[]): EncodedChat;
  /** Text of ids; special tokens are dropped, invalid UTF-8 becomes U+FFFD. */
  decode(ids: readonly number[]): string;
  stream(): TextStream;
  /** Ids that end a reply. */
  readonly stopTokens: ReadonlySet<number>;
  /** Number of tokens; ids are below it. */
  readonly vocabularySize: number;
}

/**
 * Builds the tokenizer that a GGUF file's metadata describes.
 * @throws PalateError MODEL_UNAVAILABLE for a kind of tokenizer that is not supported
 */
export function createTokenizer(metadata: MetadataReader): Tokenizer {
  const vocabulary = new Vocabulary(metadata);
  return vocabulary.kind === 'gpt2' ? byteLevelTokenizer(metadata, vocabulary) : scoredTokenizer(metadata, vocabulary);
}

function byteLevelTokenizer(metadata: MetadataReader, vocabulary: Vocabulary): Tokenizer {
  const name = metadata.text('tokenizer.ggml.pre', 'default');
  const rules = preTokenization(name);
  if (!rules) {
    const known = PRE_TOKENIZER_NAMES.join(', ');
    throw metadata.refuse(`cuts text by the rules of ${name}; only ${known} are supported. Use another model`);
  }
  const merges = readMerges(metadata, vocabulary);
  const merge = merging(() => ({
    pre_tokenizer: preTokenizerOf(rules),
    model: { type: 'BPE', vocab: Object.fromEntries(vocabulary.plain), merges, ignore_merges: rules.ignoreMerges },
  }));
  const { normalization } = rules;
  return new ModelTokenizer(vocabulary, chatTemplate(metadata, vocabulary, false), {
    normalize: (text) => (normalization ? text.normalize(normalization) : text),
    merge,
    spacePrefix: false,
  });
}

/** The library's merging, its tables made when something is first encoded: whoever only decodes does without them. */
function merging(describe: () => { pre_tokenizer: object | null; model: object }): PlainEncoding['merge'] {
  let encoder: BytePairEncoder | undefined;
  return (text) => {
    encoder ??= new BytePairEncoder(
      { ...describe(), normalizer: null, post_processor: null, decoder: null, added_tokens: [] },
      {},
    );
    return encoder.encode(text, { add_special_tokens: false }).ids;
  };
}

/**
 * Pairs of tokens that become one, best first, without those that plain text must not become.
 * @throws PalateError MODEL_UNAVAILABLE for a merge of, or to, what is no token: the text would be lost
 */
function readMerges(metadata: MetadataReader, { texts, plainTexts }: Vocabulary): string[][] {
  const merges = metadata.texts('tokenizer.ggml.merges').map((merge) => {
    const pair = merge.split(' ');
    if (pair.length === 2 && [...pair, pair.join('')].every((text) => text !== '' && texts.has(text))) return pair;
    throw metadata.refuse(`has a merge "${merge}" whose parts or result are no tokens. Use another file of this model`);
  });
  return merges.filter((pair) => plainTexts.has(pair.join('')));
}

function preTokenizerOf(rules: PreTokenization): object {
  const splits = rules.splits.map((Regex) => ({
    type: 'Split',
    pattern: { Regex },
    behavior: 'Isolated',
    invert: false,
  }));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  return { type: 'Sequence', pretokenizers: [...splits, bytes] };
}

/** SentencePiece-style: no cutting, spaces as U+2581, characters without a token as bytes. */
function scoredTokenizer(metadata: MetadataReader, vocabulary: Vocabulary): Tokenizer {
  const scores = metadata.numbers('tokenizer.ggml.scores');
  const count = vocabulary.tokens.length;
  if (scores.length !== count) throw metadata.wrong('tokenizer.ggml.scores', `a score for each of its ${count} tokens`);
  const merges = scoredMerges(vocabulary, scores);
  const merge = merging(() => ({
    pre_tokenizer: null,
    model: { type: 'BPE', vocab: Object.fromEntries(vocabulary.plain), merges, byte_fallback: true },
  }));
  return new ModelTokenizer(vocabulary, chatTemplate(metadata, vocabulary, true), {
    normalize: (text) => text,
    merge: (text) => merge(text.replaceAll(' ', '\u2581')),
    spacePrefix: metadata.flag('tokenizer.ggml.add_space_prefix', true),
  });
}

function chatTemplate(metadata: MetadataReader, vocabulary: Vocabulary, addsStart: boolean): ChatTemplate {
  const source = metadata.text('tokenizer.chat_template', '');
  const start = vocabulary.named('bos');
  const addStart = metadata.flag('tokenizer.ggml.add_bos_token', addsStart);
  try {
    return new ChatTemplate(source, { start, end: vocabulary.named('eos'), addStart });
  } catch (error) {
    throw metadata.refuse(`has a chat template that cannot be used (${messageOf(error)}). Use another file`);
  }
}

interface PlainEncoding {
  normalize(text: string): string;
  /** Ids of normalised plain text that is not empty. */
  merge(text: string): number[];
  /** A space is put before text at the beginning and after special tokens. */
  spacePrefix: boolean;
}

/** Plain text between two special tokens, and which parts of it are contents. */
interface Run {
  text: string;
  contents: { start: number; end: number }[];
}

class ModelTokenizer implements Tokenizer {
  readonly stopTokens: ReadonlySet<number>;
  readonly vocabularySize: number;
  private readonly specialPattern: RegExp | undefined;

  constructor(
    private readonly vocabulary: Vocabulary,
    private readonly template: ChatTemplate,
    private readonly plain: PlainEncoding,
  ) {
    this.stopTokens = vocabulary.stopTokens;
    this.vocabularySize = vocabulary.tokens.length;
    const texts = [...vocabulary.special.keys()].filter((text) => text !== '').sort((a, b) => b.length - a.length);
    // The group makes split() keep the special tokens; the longest of several that match wins.
    if (texts.length > 0) this.specialPattern = new RegExp(`(${texts.map(escapePattern).join('|')})`, 'u');
  }

  encode(text: string): number[] {
    return this.encodePieces([{ text, content: true }]).ids;
  }

  encodeRaw(text: string): number[] {
    return this.encodePieces([{ text, content: false }]).ids;
  }

  encodeChat(turns: readonly ChatTurn[]): EncodedChat {
    const lastUser = turns.findLastIndex((turn) => turn.role === 'user');
    if (lastUser < 0) throw new PalateError('BAD_USER_INPUT', 'A conversation needs a user turn. Send a prompt.');
    const pieces = this.template.render(turns);
    const { ids, contents } = this.encodePieces(pieces);
    const order = pieces.filter((piece) => piece.content).map((piece) => piece.turn);
    const lastUserTurn = contents[order.lastIndexOf(lastUser)];
    if (!lastUserTurn) {
      const message = "The model's chat template leaves out the user's message. Use another model file.";
      throw new PalateError('MODEL_UNAVAILABLE', message);
    }
    return { ids, lastUserTurn };
  }

  decode(ids: readonly number[]): string {
    const stream = this.stream();
    return ids.map((id) => stream.push(id)).join('') + stream.flush();
  }

  stream(): TextStream {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let first = this.plain.spacePrefix;
    const trim = (text: string): string => {
      if (!first || text === '') return text;
      first = false;
      return text.startsWith(' ') ? text.slice(1) : text;
    };
    return {
      push: (id) => trim(decoder.decode(this.vocabulary.bytesOf(id), { stream: true })),
      flush: () => trim(decoder.decode()),
    };
  }

  /**
   * Encodes pieces that belong together: text is cut at the special tokens of template pieces only, and what lies
   * between two of them is merged as a whole, so that merging across a message's edge is what the model was trained on.
   */
  private encodePieces(pieces: readonly PromptPiece[]): { ids: number[]; contents: TokenRange[] } {
    const ids: number[] = [];
    const contents: TokenRange[] = [];
    let run: Run = { text: '', contents: [] };
    const finishRun = () => {
      this.encodeRun(run, ids, contents);
      run = { text: '', contents: [] };
    };
    for (const piece of pieces) {
      const parts = piece.content || !this.specialPattern ? [piece.text] : piece.text.split(this.specialPattern);
      for (const part of parts) {
        const id = piece.content ? undefined : this.vocabulary.special.get(part);
        if (id === undefined) {
          const text = this.vocabulary.spellable(this.plain.normalize(part));
          if (piece.content) run.contents.push({ start: run.text.length, end: run.text.length + text.length });
          run.text += text;
        } else {
          finishRun();
          ids.push(id);
        }
      }
    }
    finishRun();
    return { ids, contents };
  }

  private encodeRun(run: Run, ids: number[], contents: TokenRange[]): void {
    const first = ids.length;
    const prefix = this.plain.spacePrefix && run.text !== '' ? ' ' : '';
    const text = prefix + run.text;
    // A loop, because spreading a long prompt into push() would overflow the stack.
    if (text !== '') for (const id of this.plain.merge(text)) ids.push(id);
    // One pass over text and ids, however many contents there are: they come in order.
    let from = { index: first, byte: 0 };
    let measured = { end: 0, bytes: 0 };
    const bytesBefore = (end: number): number => {
      const bytes = measured.bytes + Buffer.byteLength(text.slice(measured.end, end));
      measured = { end, bytes };
      return bytes;
    };
    for (const { start, end } of run.contents) {
      const [startByte, endByte] = [bytesBefore(prefix.length + start), bytesBefore(prefix.length + end)];
      from = this.pass(ids, from, startByte, 'before');
      const range: TokenRange = [from.index, from.index];
      if (startByte < endByte) range[1] = this.pass(ids, from, endByte, 'until').index;
      contents.push(range);
    }
  }

  /** From a place in the ids on: past the tokens that end at the byte or `before`, or past all that begin before it, `until` then. */
  private pass(
    ids: readonly number[],
    from: { index: number; byte: number },
    byte: number,
    how: 'before' | 'until',
  ): { index: number; byte: number } {
    let { index, byte: position } = from;
    while (index < ids.length) {
      const next = position + this.vocabulary.bytesOf(ids[index]).length;
      if (how === 'before' ? next > byte : position >= byte) break;
      position = next;
      index++;
    }
    return { index, byte: position };
  }
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
