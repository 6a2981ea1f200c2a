/** Typed access to a model file's metadata: numbers as numbers, and errors that name the key. */
import { PalateError } from '../common/errors.js';

export type Metadata = Readonly<Record<string, unknown>>;

/** -1 as it is, and as a uint32. */
const NO_TOKEN: readonly number[] = [-1, 2 ** 32 - 1];

/** More of what a file says is not shown: it may say anything at any length. */
const SHOWN_CHARACTERS = 600;

export class MetadataReader {
  constructor(
    readonly path: string,
    private readonly metadata: Metadata,
  ) {}

  value(key: string): unknown {
    return this.metadata[key];
  }

  /** @throws PalateError MODEL_UNAVAILABLE when the key is missing without a fallback, or is not one finite number */
  number(key: string, fallback?: number): number {
    const value = this.metadata[key] ?? fallback;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(key, 'one number');
    return value;
  }

  /**
   * The id of a token that the key names; undefined where there is none, which some files write as -1.
   * @throws PalateError MODEL_UNAVAILABLE for what is no id below `count`
   */
  tokenId(key: string, count: number): number | undefined {
    const id = this.number(key, -1);
    if (NO_TOKEN.includes(id)) return undefined;
    if (!Number.isInteger(id) || id < 0 || id >= count) throw this.wrong(key, `one of its ${count} tokens`);
    return id;
  }

  /** @throws PalateError MODEL_UNAVAILABLE when the key is missing without a fallback, or is not a text */
  text(key: string, fallback?: string): string {
    const value = this.metadata[key] ?? fallback;
    if (typeof value !== 'string') throw this.wrong(key, 'a text');
    return value;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.metadata[key] ?? fallback;
    if (typeof value !== 'boolean') throw this.wrong(key, 'true or false');
    return value;
  }

  /** A list of texts; empty when the key is missing. */
  texts(key: string): string[] {
    return this.list(key, (item) => typeof item === 'string', 'a list of texts');
  }

  /** A list of finite numbers; empty when the key is missing. */
  numbers(key: string): number[] {
    return this.list(key, (item) => Number.isFinite(item), 'a list of finite numbers');
  }

  private list<T>(key: string, accepts: (item: unknown) => boolean, expected: string): T[] {
    const value = this.metadata[key] ?? [];
    if (!Array.isArray(value) || !value.every(accepts)) throw this.wrong(key, expected);
    return value;
  }

  /** An error about one key of this file. */
  wrong(key: string, expected: string): PalateError {
    const found = key in this.metadata ? `has a ${key} that is not ${expected}` : `does not say ${key}`;
    return this.refuse(`${found}. Use another file of this model`);
  }

  /** @param what what is wrong, and after a full stop what to do */
  refuse(what: string): PalateError {
    return new PalateError('MODEL_UNAVAILABLE', `Model file ${this.path} ${printable(what)}.`);
  }
}

/** What a file says, for people and their terminals: without what cannot be shown, and not at any length. */
export function printable(text: string): string {
  const shown = text.replace(/\p{C}+/gu, ' ');
  // The last one may be half a character.
  return shown.length <= SHOWN_CHARACTERS ? shown : `${[...shown.slice(0, SHOWN_CHARACTERS)].slice(0, -1).join('')}…`;
}
