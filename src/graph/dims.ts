/** Sizes of axes: numbers, symbols, and the sums and products of them that shape inference computes. */
import { PalateError } from '../common/errors.js';

/** A number, a symbol such as `batch`, or a polynomial of symbols such as `past+2*sequence`. */
export type Dim = number | string;

/** Coefficients by monomial; a monomial is its symbols sorted and joined by `*`, the constant's is empty. */
type Terms = Map<string, number>;

const POLYNOMIAL = /^[+-]?\s*[\w.]+(\s*[*+-]\s*[\w.]+)*$/;

/** Whether two sizes are the same expression: `a*2+b` equals `b+2*a`. */
export function sameDim(a: Dim, b: Dim): boolean {
  return a === b || (typeof a !== typeof b ? false : typeof a === 'string' && canonicalDim(a) === canonicalDim(b));
}

/** One spelling for each size. */
export function canonicalDim(dim: Dim): Dim {
  return typeof dim === 'number' ? dim : format(parse(dim));
}

export function addDims(...dims: readonly Dim[]): Dim {
  if (dims.every((dim) => typeof dim === 'number')) return dims.reduce((sum: number, dim) => sum + (dim as number), 0);
  const sum: Terms = new Map();
  for (const dim of dims) for (const [monomial, coefficient] of parse(dim)) accumulate(sum, monomial, coefficient);
  return format(sum);
}

export function multiplyDims(...dims: readonly Dim[]): Dim {
  if (dims.every((dim) => typeof dim === 'number')) return dims.reduce((out: number, dim) => out * (dim as number), 1);
  let product: Terms = new Map([['', 1]]);
  for (const dim of dims) {
    const next: Terms = new Map();
    for (const [left, a] of product) for (const [right, b] of parse(dim)) accumulate(next, join(left, right), a * b);
    product = next;
  }
  return format(product);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(-1, b));
}

/** `a / b` where b is a single term that divides every term of a; otherwise undefined. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  const divisor = [...parse(b)];
  if (divisor.length !== 1) return sameDim(a, b) ? 1 : undefined;
  const [[monomial, coefficient]] = divisor;
  const quotient: Terms = new Map();
  for (const [term, value] of parse(a)) {
    const rest = symbolsOf(term);
    for (const symbol of symbolsOf(monomial)) {
      const at = rest.indexOf(symbol);
      if (at < 0) return undefined;
      rest.splice(at, 1);
    }
    if (value % coefficient !== 0) return undefined;
    quotient.set(rest.join('*'), value / coefficient);
  }
  return format(quotient);
}

/** The terms of a size: its coefficient and symbols each. */
export function termsOf(dim: Dim): { coefficient: number; symbols: string[] }[] {
  return [...parse(dim)].map(([monomial, coefficient]) => ({ coefficient, symbols: symbolsOf(monomial) }));
}

/** `[batch, 4, 8]`. */
export function describeShape(shape: readonly Dim[]): string {
  return `[${shape.join(', ')}]`;
}

function parse(dim: Dim): Terms {
  if (typeof dim === 'number') return new Map(dim === 0 ? [] : [['', dim]]);
  if (!POLYNOMIAL.test(dim)) {
    throw new PalateError(
      'INTERNAL',
      `A symbolic size is a name, or a sum of products such as past+2*sequence; "${dim}" is neither.`,
    );
  }
  const terms: Terms = new Map();
  for (const [, sign, body] of dim.replaceAll(/\s/g, '').matchAll(/([+-]?)([^+-]+)/g)) {
    const factors = body.split('*');
    const numbers = factors.filter((factor) => /^\d+$/.test(factor)).map(Number);
    const symbols = factors.filter((factor) => !/^\d+$/.test(factor)).sort();
    accumulate(
      terms,
      symbols.join('*'),
      numbers.reduce((a, b) => a * b, sign === '-' ? -1 : 1),
    );
  }
  return terms;
}

function format(terms: Terms): Dim {
  const ordered = [...terms].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (ordered.length === 0) return 0;
  if (ordered.length === 1 && ordered[0][0] === '') return ordered[0][1];
  return ordered
    .map(([monomial, value], i) => {
      const size = Math.abs(value);
      const body = monomial === '' ? `${size}` : size === 1 ? monomial : `${size}*${monomial}`;
      return (value < 0 ? '-' : i > 0 ? '+' : '') + body;
    })
    .join('');
}

function accumulate(terms: Terms, monomial: string, coefficient: number): void {
  const value = (terms.get(monomial) ?? 0) + coefficient;
  if (value === 0) terms.delete(monomial);
  else terms.set(monomial, value);
}

function join(left: string, right: string): string {
  return [...symbolsOf(left), ...symbolsOf(right)].sort().join('*');
}

function symbolsOf(monomial: string): string[] {
  return monomial === '' ? [] : monomial.split('*');
}
