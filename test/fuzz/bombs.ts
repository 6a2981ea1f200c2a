/** Documents that are small to send and would be large to answer, each a known way to tire a GraphQL service. */
import type { Random } from '../../src/common/random.js';
import type { HostileRequest } from './hostile-documents.js';

const MEMBER = '{ platform: "test", externalId: "ada" }';
const nested = (levels: number, open: string, inside: string, close = '}') =>
  `${`${open} `.repeat(levels)}${inside}${` ${close}`.repeat(levels)}`;
const times = (count: number, make: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join(' ');

const BOMBS: readonly ((size: number) => HostileRequest)[] = [
  // Depth.
  (size) => ({
    query: `{ generation(id: "g") { ${nested(size, 'member { encoder { versions { version } } } feedback { generation {', 'id', '} }')} } }`,
  }),
  // The same costly field under many names.
  (size) => ({ query: `{ ${times(size, (i) => `a${i}: feedback(memberId: "ada", first: 100) { nodes { id } }`)} }` }),
  (size) => ({
    query: `mutation { ${times(size, (i) => `a${i}: generate(input: { member: ${MEMBER}, prompt: "x", candidateCount: 8, maxTokens: 1024 }) { id }`)} }`,
  }),
  // Pages within pages.
  () => ({
    query: `{ feedback(memberId: "ada", first: 100) { nodes { generation { feedback { generation { candidates { text } } } } } edges { node { member { encoder { versions(first: 100) { version } } } } } } }`,
  }),
  // Fragments that double, and that spread themselves.
  (size) => ({
    query: `{ ...f0 } ${times(size, (i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`)} fragment f${size} on Query { pool { ready } }`,
  }),
  (size) => ({
    query: `{ ...f0 } ${times(size, (i) => `fragment f${i} on Query { pool { ready } ...f${(i + 1) % size} }`)}`,
  }),
  (size) => ({
    query: `{ ...f0 ${times(size, () => '...f0')} } fragment f0 on Query { feedback(memberId: "ada") { nodes { member { id } } } }`,
  }),
  // One field, asked for again and again: comparing each with each is what validation does.
  (size) => ({ query: `{ ${times(10 * size, () => 'pool { ready model }')} }` }),
  (size) => ({ query: `{ ${times(size, (i) => `pool { a: ${i % 2 ? 'model' : 'device'} }`)} }` }),
  // Introspection without end.
  (size) => ({ query: `{ __schema { types { ${nested(size, 'fields { type {', 'name', '} }')} } } }` }),
  (size) => ({ query: `{ ${times(size, (i) => `a${i}: __schema { types { fields { args { type { name } } } } }`)} }` }),
  // Directives, operations, variables by the hundred.
  (size) => ({ query: `{ pool ${times(size * 5, () => '@include(if: true)')} { ready } }` }),
  (size) => ({ query: `{ pool ${times(size * 5, () => '@nothing')} { ready } }` }),
  (size) => ({ query: times(size, (i) => `query Q${i} { pool { ready } }`), operationName: `Q${size - 1}` }),
  (size) => ({ query: `query (${times(size, (i) => `$v${i}: ID = "x"`)}) { pool { ready } }` }),
  // Long tokens and deep values.
  (size) => ({ query: `{ ${'a'.repeat(size * 2_000)} }` }),
  (size) => ({ query: `{ memberById(id: "${'x'.repeat(size * 2_000)}") { id } }` }),
  (size) => ({ query: `{ trainingJobs(first: ${'9'.repeat(size * 100)}) { totalCount } }` }),
  (size) => ({ query: `{ memberById(id: ${nested(size * 10, '[', '1', ']')}) { id } }` }),
  (size) => ({ query: `{ memberById(id: ${nested(size * 5, '{ a:', '1')}) { id } }` }),
  (size) => ({ query: `# ${'\n#'.repeat(size * 500)}\n{ pool { ready } }` }),
  // Variables larger than what they are for.
  (size) => ({
    query: 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }',
    variables: {
      input: {
        member: { platform: 'test', externalId: 'ada' },
        prompt: 'x',
        history: new Array(size * 50).fill({ role: 'USER', content: 'x' }),
        maxTokens: size,
      },
    },
  }),
  (size) => ({
    query: 'mutation ($input: GenerateInput!) { a: generate(input: $input) { id } b: generate(input: $input) { id } }',
    variables: {
      input: { member: { platform: 'test', externalId: 'ada' }, prompt: 'x', candidateCount: 8, maxTokens: size * 30 },
    },
  }),
  (size) => ({ query: 'query ($id: ID!) { memberById(id: $id) { id } }', variables: { id: deepArray(size * 10) } }),
];

function deepArray(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}

export function bombs(random: Random): HostileRequest {
  return BOMBS[random.integer(BOMBS.length)](2 + random.integer(40));
}
