import { parse } from 'graphql';
import { expect, it } from 'vitest';
import { Documents } from '../../src/gateway/steps/documents.js';

const document = parse('{ pool { ready } }');

it('gives back what it was given, by its whole text', () => {
  const documents = new Documents();
  documents.remember('{ pool { ready } }', document);
  expect(documents.recall('{ pool { ready } }')).toBe(document);
  expect(documents.recall('{ pool { ready }  }')).toBeUndefined();
});

it('stays small, and lets go of what was used longest ago', () => {
  const documents = new Documents();
  for (let i = 0; i < 500; i++) documents.remember(`${i}`, document);
  expect(documents.recall('0')).toBe(document);
  for (let i = 500; i < 999; i++) documents.remember(`${i}`, document);
  expect(documents.recall('0')).toBe(document);
  expect(documents.recall('1')).toBeUndefined();
  const long = (name: string) => name + 'x'.repeat(900_000);
  for (const name of ['a', 'b', 'c']) documents.remember(long(name), document);
  expect(['a', 'b', 'c'].map((name) => documents.recall(long(name)) !== undefined)).toEqual([false, true, true]);
});
