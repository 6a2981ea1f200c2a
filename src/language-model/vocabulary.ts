/** A model's tokens: what bytes each stands for, which are special, and which end a reply. */
import type { MetadataReader } from './gguf-metadata.js';

/** `gpt2`: byte-level BPE. `llama`: SentencePiece-style BPE with scores. */
export type TokenizerKind = 'gpt2' | 'llama';

/** Values of `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Special tokens that end a turn or a text in the chat formats of published models. */
const END_TEXTS = new Set([
  '<|endoftext|>',
  '<|im_end|>',
  '<|end_of_text|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<end_of_turn>',
  '</s>',
  '<EOT>',
]);

const NO_BYTES = new Uint8Array(0);

export class Vocabulary {
  readonly kind: TokenizerKind;
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  /** Text of control and user-defined tokens to their ids. */
  readonly special = new Map<string, number>();
  readonly stopTokens: ReadonlySet<number>;
  private readonly bytes: (Uint8Array | undefined)[] = [];
  /** Whether each byte has a token of its own. */
  private readonly spelled: readonly boolean[];
  /** Texts of all tokens. */
  readonly texts: ReadonlySet<string>;
  /** Texts and ids of the tokens that plain text may become. */
  readonly plain: readonly [text: string, id: number][];
  readonly plainTexts: ReadonlySet<string>;

  /** @throws PalateError MODEL_UNAVAILABLE for a tokenizer of another kind, without tokens, or at odds with itself */
  constructor(private readonly metadata: MetadataReader) {
    const kind = metadata.text('tokenizer.ggml.model');
    if (kind !== 'gpt2' && kind !== 'llama') {
      throw metadata.refuse(
        `has a tokenizer of the kind ${kind}; only gpt2 and llama are supported. Use another model`,
      );
    }
    this.kind = kind;
    this.tokens = metadata.texts('tokenizer.ggml.tokens');
    if (this.tokens.length === 0) throw metadata.refuse('has no tokens. Use a complete model file');
    this.types = this.readTypes();
    for (let id = 0; id < this.tokens.length; id++) {
      if (this.isSpecial(id)) this.special.set(this.tokens[id], id);
    }
    this.stopTokens = this.findStopTokens();
    this.texts = new Set(this.tokens);
    this.plain = this.tokens.flatMap((text, id): [string, number][] => {
      const type = this.type(id);
      return type === TOKEN_TYPE.normal || type === TOKEN_TYPE.byte ? [[text, id]] : [];
    });
    this.plainTexts = new Set(this.plain.map(([text]) => text));
    this.spelled = BYTE_CHARACTERS.map((character, byte) =>
      this.plainTexts.has(kind === 'gpt2' ? character : byteName(byte)),
    );
  }

  /** One type a token, or none at all: then all are normal. */
  private readTypes(): number[] {
    const key = 'tokenizer.ggml.token_type';
    const types = this.metadata.numbers(key);
    const known = types.every((type) => Number.isInteger(type) && type >= 0 && type <= TOKEN_TYPE.byte);
    if (!known || (types.length > 0 && types.length !== this.tokens.length)) {
      throw this.metadata.wrong(key, `a known type for each of its ${this.tokens.length} tokens`);
    }
    const strange = this.tokens.find((text, id) => types[id] === TOKEN_TYPE.byte && !BYTE_NAME.test(text));
    if (strange !== undefined) throw this.metadata.refuse(`has a byte's token "${strange}". Use another file`);
    return types;
  }

  type(id: number): number {
    return this.types[id] ?? TOKEN_TYPE.normal;
  }

  /** Tokens that plain text can never become. */
  isSpecial(id: number): boolean {
    const type = this.type(id);
    return type === TOKEN_TYPE.control || type === TOKEN_TYPE.userDefined;
  }

  /** Text of the token that some key of the metadata names, such as the beginning-of-sequence token; or nothing. */
  named(key: 'bos' | 'eos'): string {
    const id = this.tokenOf(key);
    return id === undefined ? '' : this.tokens[id];
  }

  /** UTF-8 bytes that a token adds to the text; none for control tokens and ids beyond the vocabulary. */
  bytesOf(id: number): Uint8Array {
    this.bytes[id] ??= this.findBytes(id);
    return this.bytes[id];
  }

  /**
   * The text without the characters that no tokens can spell. Vocabularies often lack some control characters and
   * unassigned planes; left in, a part of such a character's bytes would become ids.
   */
  spellable(text: string): string {
    if (Buffer.from(text).every((byte) => this.spelled[byte])) return text;
    return [...text].filter((character) => this.canSpell(character)).join('');
  }

  private canSpell(character: string): boolean {
    if (this.kind === 'llama' && this.plainTexts.has(character.replace(' ', '\u2581'))) return true;
    return Buffer.from(character).every((byte) => this.spelled[byte]);
  }

  private findBytes(id: number): Uint8Array {
    const text = this.tokens[id];
    if (text === undefined) return NO_BYTES;
    switch (this.type(id)) {
      case TOKEN_TYPE.control:
      case TOKEN_TYPE.unknown:
      case TOKEN_TYPE.unused:
        return NO_BYTES;
      case TOKEN_TYPE.userDefined:
        return Buffer.from(text);
      case TOKEN_TYPE.byte:
        return Uint8Array.of(Number.parseInt(text.slice(3, 5), 16));
    }
    return this.kind === 'gpt2' ? byteLevelBytes(text) : Buffer.from(text.replaceAll('\u2581', ' '));
  }

  private tokenOf(key: 'bos' | 'eos' | 'eot' | 'eom'): number | undefined {
    return this.metadata.tokenId(`tokenizer.ggml.${key}_token_id`, this.tokens.length);
  }

  private findStopTokens(): Set<number> {
    const stops = new Set<number>();
    for (const key of ['eos', 'eot', 'eom'] as const) {
      const id = this.tokenOf(key);
      if (id !== undefined) stops.add(id);
    }
    for (const [text, id] of this.special) {
      if (END_TEXTS.has(text)) stops.add(id);
    }
    return stops;
  }
}

/**
 * Byte-level BPE writes each byte as one printable character: the printable Latin-1 ones as themselves, the other 68
 * bytes, in order, as the characters from U+0100 on (GPT-2's `bytes_to_unicode`).
 */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(printable ? byte : next++);
  });
})();

const BYTE_NAME = /^<0x[0-9A-F]{2}>$/i;

/** How SentencePiece vocabularies name a byte's token. */
function byteName(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

const CHARACTER_BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

function byteLevelBytes(text: string): Uint8Array {
  return Uint8Array.from(
    [...text].flatMap((character) => CHARACTER_BYTES.get(character) ?? [...Buffer.from(character)]),
  );
}
