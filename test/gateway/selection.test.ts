import { buildSchema, type GraphQLResolveInfo, graphqlSync } from 'graphql';
import { expect, it } from 'vitest';
import { selectsOnlyId } from '../../src/gateway/selection.js';

const schema = buildSchema('type Member { id: ID name: String } type Query { member: Member }');

function selected(query: string): boolean | undefined {
  let only: boolean | undefined;
  const member = (_: unknown, __: unknown, info: GraphQLResolveInfo) => {
    only = selectsOnlyId(info);
    return null;
  };
  const { errors } = graphqlSync({ schema, source: query, rootValue: { member } });
  expect(errors).toBeUndefined();
  return only;
}

it.each([
  ['{ member { id } }', true],
  ['{ member { __typename own: id } }', true],
  ['{ member { ... on Member { id } ...Id } } fragment Id on Member { id }', true],
  ['{ member { name } }', false],
  ['{ member { id name @skip(if: true) } }', false],
  ['{ member { id ...Rest } } fragment Rest on Member { ... { name } }', false],
  ['{ member { id } member { name } }', false],
])('%s asks for nothing but the id: %s', (query, expected) => {
  expect(selected(query)).toBe(expected);
});
