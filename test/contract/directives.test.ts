/** What schema.graphql says to the service alone: that nothing is left unsaid, and that no client sees it. */
import { readFileSync } from 'node:fs';
import { buildSchema, isObjectType, print, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { accessOf, costsOf, publicSdl, suppliedDocument } from '../../contract/directives.mjs';
import { createSchema } from '../../src/gateway/schema.js';

const sdl = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
/** The contract with one more field of Query. */
const withField = (field: string) => sdl.replace('type Query {', `type Query {\n  ${field}`);

describe('a field', () => {
  it('is not generated while nothing says who may ask for it', () => {
    expect(() => accessOf(withField('secrets: [String!]!'))).toThrow('Query.secrets has no @access');
    const bare = sdl.replace(/type TasteMap @access\(.*?\) \{/, 'type TasteMap {');
    expect(() => accessOf(bare)).toThrow(/TasteMap.taste has no @access.*\nTasteMap.replies has no @access/);
  });

  it.each([
    ['names no argument', '@access(to: OWNER)', 'wants an argument or a property for OWNER'],
    ['names an argument that is not there', '@access(to: OWNER, argument: "memberId")', 'no argument memberId'],
    ['names one of another type', '@access(to: NAMED_MEMBER, argument: "id")', 'no argument id that is MemberRef'],
    ['names a field of what has none', '@access(to: OWNER, argument: "id.inner")', 'no argument id.inner'],
  ])('is not generated when its rule %s', (_, access, fault) => {
    expect(() => accessOf(withField(`secret(id: ID!): String ${access}`))).toThrow(fault);
  });

  it('that writes says that it costs tokens', () => {
    const field = 'draft(input: GenerateInput!): String @access(to: ADMIN)';
    expect(() => costsOf(withField(field))).toThrow('Query.draft');
    expect(costsOf(withField(`${field} @cost(tokens: "input")`))['Query.draft']).toMatchObject({ tokens: 'input' });
  });

  it('may have a rule of its own beside that of its type', () => {
    const access = accessOf(sdl);
    expect(access['Generation.prompt']).toEqual([{ to: 'OWNER', of: 'MEMBER', property: 'memberId' }]);
    expect(access['Generation.id']).toEqual([{ to: 'ANYBODY' }]);
  });
});

describe('what services supply', () => {
  it('is what resolvers do not work out, and the ids that they do it by', () => {
    const text = print(suppliedDocument(sdl));
    const job = buildSchema(`${text}\ntype Query { job: TrainingJob key: Key }`);
    const fieldsOf = (name: string) => {
      const type = job.getType(name);
      return isObjectType(type) ? Object.values(type.getFields()).map((field) => `${field.name}: ${field.type}`) : [];
    };
    expect(fieldsOf('TrainingJob')).toContain('memberId: ID!');
    expect(fieldsOf('TrainingJob').filter((field) => field.startsWith('member:'))).toEqual([]);
    expect(fieldsOf('Key')).toContain('memberId: ID');
    expect(fieldsOf('Candidate')).toContain('generationId: ID!');
    expect(fieldsOf('Generation').filter((field) => field.startsWith('feedback'))).toEqual([]);
  });
});

describe('clients', () => {
  it.each([
    ['the served schema', () => printSchema(createSchema())],
    ['the published contract', () => publicSdl(sdl)],
  ])('see nothing of it in %s', (_, print) => {
    const text = print();
    expect(text).toContain('type TrainingJob {');
    expect(text).not.toMatch(/@access|@cost|@resolved|directive @(access|cost|resolved)|enum (Access|Owned)\b/);
  });

  it('see the same contract in both', () => {
    const names = (text: string) => Object.keys(buildSchema(text).getTypeMap()).sort();
    expect(names(printSchema(createSchema()))).toEqual(names(publicSdl(sdl)));
  });
});
