import { readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { createSchema } from '../../src/gateway/schema.js';

const schema = createSchema();
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !(isScalarType(type) && isSpecifiedScalarType(type)),
);
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()] as (
  | GraphQLNamedType
  | null
  | undefined
)[];

describe('schema.graphql', () => {
  it('documents every type, field, input and enum value', () => {
    const missing: string[] = schema.description ? [] : ['schema'];
    for (const type of types) {
      if (!type.description && !roots.includes(type)) missing.push(type.name);
      const parts = isEnumType(type) ? type.getValues() : fieldsOf(type);
      missing.push(...parts.filter((part) => !part.description).map((part) => `${type.name}.${part.name}`));
    }
    expect(missing).toEqual([]);
  });

  it('states the defaults that the settings hold', () => {
    // As the file has them: the gateway's own schema takes them from the settings.
    const contract = buildSchema(readFileSync('schema.graphql', 'utf8'));
    const input = contract.getType('GenerateInput');
    if (!isInputObjectType(input)) throw new Error('GenerateInput is no input');
    const defaults = Object.fromEntries(
      Object.values(input.getFields()).map((field) => [field.name, field.defaultValue]),
    );
    expect(defaults).toMatchObject({
      candidateCount: DEFAULT_LIMITS.candidateCountDefault,
      maxTokens: DEFAULT_LIMITS.maxTokensDefault,
      temperature: DEFAULT_LIMITS.temperatureDefault,
      topP: DEFAULT_LIMITS.topPDefault,
      minP: DEFAULT_LIMITS.minPDefault,
      dryMultiplier: DEFAULT_LIMITS.dryMultiplierDefault,
      strength: DEFAULT_LIMITS.strengthDefault,
      personalized: true,
      explore: true,
      history: [],
    });
    for (const field of ['feedback', 'trainingJobs']) {
      const first = contract
        .getQueryType()
        ?.getFields()
        [field].args.find((argument) => argument.name === 'first');
      expect(first?.defaultValue).toBe(DEFAULT_LIMITS.pageSizeDefault);
      expect(first?.description).toContain(String(DEFAULT_LIMITS.pageSizeMaximum));
    }
  });

  it('states the ranges that the settings hold', () => {
    const fields = (schema.getType('GenerateInput') as ReturnType<typeof schema.getQueryType>)?.getFields() ?? {};
    const number = (value: number) => value.toLocaleString('en-US');
    expect(fields.prompt.description).toContain(number(DEFAULT_LIMITS.promptCharacters));
    expect(fields.history.description).toContain(number(DEFAULT_LIMITS.historyTurns));
    expect(fields.system.description).toContain(number(DEFAULT_LIMITS.systemCharacters));
    expect(fields.candidateCount.description).toContain(
      `${DEFAULT_LIMITS.candidateCountMinimum} to ${DEFAULT_LIMITS.candidateCountMaximum}`,
    );
    expect(fields.maxTokens.description).toContain(
      `${DEFAULT_LIMITS.maxTokensMinimum} to ${number(DEFAULT_LIMITS.maxTokensMaximum)}`,
    );
    expect(fields.temperature.description).toContain(`0 to ${DEFAULT_LIMITS.temperatureMaximum}`);
    expect(fields.strength.description).toContain(`0 to ${DEFAULT_LIMITS.strengthMaximum}`);
    expect(fields.tasteOffset.description).toContain(
      `-${DEFAULT_LIMITS.tasteOffsetMaximum} to ${DEFAULT_LIMITS.tasteOffsetMaximum}`,
    );
    expect(fields.key.description).toContain(number(DEFAULT_LIMITS.keyCharacters));
    const key = (schema.getType('KeyInput') as ReturnType<typeof schema.getQueryType>)?.getFields() ?? {};
    expect(key.name.description).toContain(`1 to ${number(DEFAULT_LIMITS.keyCharacters)} `);
    expect(key.expiresInDays.description).toContain(`1 to ${number(DEFAULT_LIMITS.keyDays)};`);
    const rotate = schema
      .getMutationType()
      ?.getFields()
      .rotateKey.args.find(({ name }) => name === 'overlapSeconds');
    expect(rotate?.description).toContain(`0 to ${number(DEFAULT_LIMITS.keyOverlapSeconds)}:`);
  });
});

function fieldsOf(type: GraphQLNamedType): { name: string; description?: string | null }[] {
  return isObjectType(type) || isInputObjectType(type) ? Object.values(type.getFields()) : [];
}
