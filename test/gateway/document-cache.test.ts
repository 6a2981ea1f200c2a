import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { DocumentCache } from '../../src/gateway/document-cache.js';

const document = parse('{ pool { ready } }');

describe('DocumentCache', () => {
  it('gives back what it was given, by its whole text', () => {
    const cache = new DocumentCache();
    cache.set('{ pool { ready } }', document);
    expect(cache.get('{ pool { ready } }')).toBe(document);
    expect(cache.get('{ pool { ready }  }')).toBeUndefined();
  });

  it('stays small, and lets go of what was used longest ago', () => {
    const cache = new DocumentCache();
    for (let i = 0; i < 500; i++) cache.set(`${i}`, document);
    expect(cache.get('0')).toBe(document);
    for (let i = 500; i < 998; i++) cache.set(`${i}`, document);
    expect(cache.size).toBe(500);
    expect(cache.get('0')).toBe(document);
    expect(cache.get('1')).toBeUndefined();
    expect(cache.get('997')).toBe(document);
  });

  it('keeps no long document', () => {
    const cache = new DocumentCache();
    cache.set('x'.repeat(4_001), document);
    expect(cache.size).toBe(0);
  });
});
