/** Symbolic sizes compare and compute as polynomials. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDims,
  canonicalDim,
  type Dim,
  divideDims,
  multiplyDims,
  sameDim,
  subtractDims,
} from '../../src/graph/index.js';

describe('symbolic sizes', () => {
  it('have one spelling', () => {
    expect(canonicalDim('sequence*3 + past')).toBe('past+3*sequence');
    expect(canonicalDim('b*a-2')).toBe('a*b-2');
    expect(sameDim('past+sequence', 'sequence + past')).toBe(true);
    expect(sameDim('past', 'sequence')).toBe(false);
    expect(sameDim(3, '3')).toBe(false);
  });

  it('add, subtract, multiply and divide', () => {
    expect(addDims('past', 4, 'sequence', 1)).toBe('past+sequence+5');
    expect(subtractDims('past+4', 'past')).toBe(4);
    expect(multiplyDims('batch', 'a+2', 3)).toBe('3*a*batch+6*batch');
    expect(divideDims('6*a*b', '2*b')).toBe('3*a');
    expect(divideDims('6*a', 4)).toBeUndefined();
    expect(divideDims('a+b', 'a+b')).toBe(1);
    expect(divideDims('a', 'b')).toBeUndefined();
  });

  it.each(['', 'ceil(n / 2)', 'a+', '*a', 'a b'])('refuses %j', (dim) => {
    expect(() => addDims(dim, 1)).toThrow('A symbolic size is a name, or a sum of products such as past+2*sequence');
  });

  it('agrees with arithmetic on numbers', () => {
    const symbols = ['a', 'b', 'c'] as const;
    const dim: fc.Arbitrary<Dim> = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(...symbols)),
      dim: fc.oneof(
        { depthSize: 'small' },
        tie('leaf'),
        fc.tuple(tie('dim'), tie('dim')).map(([x, y]) => addDims(x as Dim, y as Dim)),
        fc.tuple(tie('dim'), tie('dim')).map(([x, y]) => multiplyDims(x as Dim, y as Dim)),
      ),
    })).dim as fc.Arbitrary<Dim>;
    const at = (value: Dim, [a, b, c]: number[]) =>
      typeof value === 'number' ? value : Number(new Function('a', 'b', 'c', `return ${value}`)(a, b, c));
    fc.assert(
      fc.property(dim, dim, fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), (x, y, point) => {
        expect(at(addDims(x, y), point)).toBeCloseTo(at(x, point) + at(y, point));
        expect(at(multiplyDims(x, y), point)).toBeCloseTo(at(x, point) * at(y, point));
        expect(at(subtractDims(x, y), point)).toBeCloseTo(at(x, point) - at(y, point));
        expect(sameDim(addDims(x, y), addDims(y, x))).toBe(true);
        const quotient = divideDims(multiplyDims(x, 2, 'a'), multiplyDims(2, 'a'));
        expect(quotient !== undefined && sameDim(quotient, x)).toBe(true);
      }),
    );
  });
});
