import { isIntrospectionType, isObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { ruleOf } from '../../src/gateway/access.js';
import { createSchema } from '../../src/gateway/schema.js';

describe('the access table', () => {
  it('has a rule for every field of the contract', () => {
    const without = Object.values(createSchema().getTypeMap())
      .filter((type) => isObjectType(type) && !isIntrospectionType(type))
      .flatMap((type) =>
        isObjectType(type)
          ? Object.keys(type.getFields())
              .filter((field) => !ruleOf(type.name, field))
              .map((field) => `${type.name}.${field}`)
          : [],
      );
    expect(without).toEqual([]);
  });
});
