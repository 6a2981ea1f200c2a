import { existsSync, readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { CLIENT_ERROR_CODES, endpointOf, OPERATIONS } from '../../src/client/index.js';
import { ERROR_CODES } from '../../src/common/errors.js';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));

describe('the client and the contract', () => {
  it.each(Object.entries(OPERATIONS))('%s is a valid operation that answers its field', (name, { document, field }) => {
    const parsed = parse(document);
    expect(validate(schema, parsed)).toEqual([]);
    expect(field).toBe(name);
    const [definition] = parsed.definitions;
    if (definition.kind !== 'OperationDefinition') throw new Error('no operation');
    expect(definition.selectionSet.selections).toMatchObject([{ name: { value: field } }]);
  });

  it('knows every operation of the contract', () => {
    const fields = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(Object.keys(OPERATIONS).sort()).toEqual(fields.sort());
  });

  it('knows every code of the service', () => {
    expect([...CLIENT_ERROR_CODES].sort()).toEqual([...ERROR_CODES, 'UNREACHABLE'].sort());
  });
});

describe('package.json', () => {
  it('exports what the sources have', () => {
    const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    for (const entry of ['./client', './plugin']) {
      const { types, default: code } = exports[entry];
      expect(types).toBe(code.replace(/\.js$/, '.d.ts'));
      const source = code.replace(/^\.\/dist\//, '../../').replace(/\.js$/, '.ts');
      expect(existsSync(new URL(source, import.meta.url))).toBe(true);
    }
  });
});

describe('endpointOf', () => {
  it.each([
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/graphql'],
    ['http://127.0.0.1:4000/', 'http://127.0.0.1:4000/graphql'],
    ['http://127.0.0.1:4000/graphql', 'http://127.0.0.1:4000/graphql'],
    ['https://palate.example/behind/proxy', 'https://palate.example/behind/proxy/graphql'],
    ['localhost:4000', 'http://localhost:4000/graphql'],
    ['http://127.0.0.1:4000/#key=secret', 'http://127.0.0.1:4000/graphql'],
  ])('makes %s %s', (url, endpoint) => {
    expect(endpointOf(url)).toBe(endpoint);
  });

  it('refuses what is no address', () => {
    expect(() => endpointOf('http://')).toThrow(/no address/);
  });
});
