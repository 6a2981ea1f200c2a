import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareContracts } from '../../contract/compare.mjs';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const BEFORE = `
  type Query {
    bread(kind: Kind, old: Int @deprecated(reason: "Nothing reads it. Gone from 0.2.")): Bread
    toast: Toast @deprecated(reason: "Use bread. Gone from 0.2.")
  }
  type Bread { id: ID! crumb: String }
  type Toast { shade: Int }
  enum Kind { RYE WHEAT SPELT @deprecated(reason: "Use WHEAT. Gone from 0.2.") }
  input Order { count: Int! }
  type Mutation { order(input: Order!): Bread }
`;

describe('compareContracts', () => {
  it.each([
    ['a field that is gone', BEFORE.replace('crumb: String', ''), /Bread\.crumb/],
    [
      'a type that is gone',
      BEFORE.replace('type Bread { id: ID! crumb: String }', '').replaceAll('Bread', 'Int'),
      /Bread/,
    ],
    ['another type of a field', BEFORE.replace('crumb: String', 'crumb: Int'), /Bread\.crumb/],
    ['a field that may be null now', BEFORE.replace('id: ID!', 'id: ID'), /Bread\.id/],
    ['an enum value that is gone', BEFORE.replace('RYE', ''), /RYE/],
    ['an argument that is required now', BEFORE.replace('kind: Kind', 'kind: Kind!'), /kind/],
    ['a new required input field', BEFORE.replace('count: Int!', 'count: Int! to: String!'), /to/],
  ])('finds %s', (_, after, sentence) => {
    const { breaking } = compareContracts(BEFORE, after);
    expect(breaking).toContainEqual(expect.stringMatching(sentence));
  });

  it('lets go of what was deprecated, with the types that nothing else uses', () => {
    const after = BEFORE.replace(/toast: .*/, '')
      .replace('type Toast { shade: Int }', '')
      .replace(/SPELT .*?\)/, '')
      .replace(/, old: .*?\)\)/, ')');
    expect(after).not.toMatch(/deprecated/);
    expect(compareContracts(BEFORE, after)).toEqual({ breaking: [], dangerous: [], undocumented: [] });
  });

  it('keeps a deprecated field from changing while it is there', () => {
    const { breaking } = compareContracts(BEFORE, BEFORE.replace('toast: Toast', 'toast: Int'));
    expect(breaking).toHaveLength(1);
  });

  it('lets things be added, and tells of what may surprise', () => {
    const more = BEFORE.replace('crumb: String', 'crumb: String crust: Boolean');
    expect(compareContracts(BEFORE, more)).toEqual({ breaking: [], dangerous: [], undocumented: [] });
    const value = compareContracts(BEFORE, BEFORE.replace('RYE', 'RYE OAT'));
    expect(value).toMatchObject({ breaking: [], dangerous: [expect.stringMatching(/OAT/)] });
  });

  it('wants a deprecation to say until when', () => {
    const { undocumented } = compareContracts(BEFORE, BEFORE.replace('Use bread. Gone from 0.2.', 'Old.'));
    expect(undocumented).toEqual([expect.stringMatching(/^line 4: /)]);
  });
});

describe('schema.graphql', () => {
  it('breaks no client of the last release', () => {
    expect(compareContracts(read('contract/baseline.graphql'), read('schema.graphql'))).toMatchObject({
      breaking: [],
      undocumented: [],
    });
  });
});
