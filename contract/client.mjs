// Prints what the client is made of, from operations on the contract: their texts and types by the field they ask for, and a method for
// each, named as the operation is.
import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isUnionType,
  Kind,
  print,
  stripIgnoredCharacters,
  validate,
  visit,
} from 'graphql';

const SCALARS = { ID: 'string', String: 'string', Int: 'number', Float: 'number', Boolean: 'boolean' };

/**
 * @param {import('graphql').GraphQLSchema} schema
 * @param {readonly import('graphql').DefinitionNode[]} definitions operations and the fragments they use, in any order
 */
export function readOperations(schema, definitions) {
  const faults = validate(schema, { kind: Kind.DOCUMENT, definitions });
  if (faults.length > 0) throw new AggregateError(faults, 'the operations do not fit the contract.');
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const operations = definitions
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map((operation) => readOperation(schema, operation, fragments));
  return { schema, fragments, operations };
}

function readOperation(schema, operation, fragments) {
  const name = operation.name.value;
  const [selection, ...others] = operation.selectionSet.selections;
  if (others.length > 0 || selection.kind !== Kind.FIELD) {
    throw new Error(`${name} asks for more than one field; an operation of the client asks for one.`);
  }
  const field = schema.getRootType(operation.operation).getFields()[selection.name.value];
  return {
    method: name[0].toLowerCase() + name.slice(1),
    field,
    isStream: operation.operation === 'subscription',
    text: stripIgnoredCharacters(withFragments(operation, fragments).map(print).join('\n')),
    parameters: parametersOf(operation),
    result: resultOf(field.type, selection.selectionSet, name),
  };
}

/** The operation, and every fragment that it uses directly or through another. */
function withFragments(definition, fragments, found = new Set([definition])) {
  visit(definition, {
    FragmentSpread({ name }) {
      const fragment = fragments.find((one) => one.name.value === name.value);
      if (!fragment || found.has(fragment)) return;
      found.add(fragment);
      withFragments(fragment, fragments, found);
    },
  });
  return [...found];
}

/** Variables in their order; one with a default may be left out, and `first` and `after` are a page. */
function parametersOf({ variableDefinitions = [] }) {
  const named = variableDefinitions.map(({ variable, type, defaultValue }) => ({
    name: variable.name.value,
    type: typeOf(type),
    mayBeLeftOut: defaultValue !== undefined,
  }));
  const isPage = ({ name }) => name === 'first' || name === 'after';
  const own = named.filter((one) => !isPage(one));
  return named.some(isPage) ? [...own, { name: 'page', type: 'PageInput', mayBeLeftOut: true, isPage: true }] : own;
}

/** A variable's type in TypeScript; inputs and enums are called what they are in the contract. */
function typeOf(type) {
  if (type.kind === Kind.NON_NULL_TYPE) return givenTypeOf(type.type);
  return `${givenTypeOf(type)} | null`;
}

function givenTypeOf(type) {
  if (type.kind === Kind.LIST_TYPE) return `readonly (${typeOf(type.type)})[]`;
  return SCALARS[type.name.value] ?? `Types.${type.name.value}`;
}

/** What an operation answers with: the fragment that it selects, a page of it, or a scalar. */
function resultOf(type, selectionSet, operation) {
  if (!isNonNullType(type)) return `${answerOf(type, selectionSet, operation)} | null`;
  return answerOf(type.ofType, selectionSet, operation);
}

function answerOf(type, selectionSet, operation) {
  if (isListType(type)) return `${resultOf(type.ofType, selectionSet, operation)}[]`;
  if (!selectionSet) return SCALARS[type.name];
  const fragment = fragmentOf(selectionSet);
  if (fragment) return fragment;
  const nodes = selectionSet.selections.find((one) => one.kind === Kind.FIELD && one.name.value === 'nodes');
  const ofNodes = nodes && fragmentOf(nodes.selectionSet);
  if (ofNodes) return `Page<${ofNodes}>`;
  throw new Error(`${operation} selects neither one fragment nor the nodes of a page as one.`);
}

function fragmentOf({ selections }) {
  const [selection, ...others] = selections;
  return others.length === 0 && selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined;
}

/**
 * The operations, and the types that they give under the contract's names; what they take stands in types.ts.
 * @param {ReturnType<typeof readOperations>} read
 */
export function printOperations({ schema, fragments, operations }) {
  const named = fragments.map(({ name }) => `export type ${name.value} = ${name.value}Fragment;`);
  const members = fragments.flatMap(({ typeCondition }) => {
    const union = schema.getType(typeCondition.name.value);
    if (!isUnionType(union)) return [];
    return union
      .getTypes()
      .map((type) => `${doc(type)}export type ${type.name} = Extract<${union.name}, { __typename: '${type.name}' }>;`);
  });
  const given = Object.values(schema.getTypeMap())
    .filter((type) => type.astNode && (isInputObjectType(type) || isEnumType(type)))
    .map(({ name }) => name);
  const entries = operations.map(({ field: { name }, text, result, parameters }) => {
    const variables = parameters.map((one) =>
      one.isPage ? 'first?: number; after?: string | null' : `${one.name}${one.mayBeLeftOut ? '?' : ''}: ${one.type}`,
    );
    return `  ${name}: operation<${result}, { ${variables.join('; ')} }>('${name}', ${JSON.stringify(text)}),`;
  });
  return `
export type { ${given.join(', ')} } from './types.js';
${[...named, ...members].join('\n')}

export interface Page<T> {
  nodes: T[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
}

/** A GraphQL document that answers with \`{ [field]: Result }\`. */
export interface Operation<Result, Variables> {
  readonly field: string;
  readonly document: string;
  /** Never set: it carries the types. */
  readonly types?: { result: Result; variables: Variables };
}

function operation<Result, Variables>(field: string, document: string): Operation<Result, Variables> {
  return { field, document };
}

/** One operation for each field of Query, Mutation and Subscription. */
export const OPERATIONS = {
${entries.join('\n')}
} as const;
`;
}

/**
 * A method for each operation: its variables in their order, then options.
 * @param {ReturnType<typeof readOperations>} read
 */
export function printMethods({ fragments, operations }) {
  const signatures = operations.map(({ method, field, parameters, result, isStream }) => {
    const taken = parameters.map(({ name, type, mayBeLeftOut }) => `${name}${mayBeLeftOut ? '?' : ''}: ${type}`);
    const answer = isStream ? `AsyncGenerator<${result}, void, undefined>` : `Promise<${result}>`;
    return `${doc(field, '  ')}  ${method}(${[...taken, 'options?: CallOptions'].join(', ')}): ${answer};`;
  });
  const methods = operations.map(({ method, field, parameters, isStream }) => {
    const names = parameters.map(({ name }) => name);
    const variables = parameters.map(({ name, isPage }) => (isPage ? `...${name}` : name));
    const given = variables.length > 0 ? `{ ${variables.join(', ')} }` : '{}';
    const run = isStream ? 'watch' : 'call';
    return `    ${method}: (${[...names, 'options'].join(', ')}) => ${run}(OPERATIONS.${field.name}, ${given}, options),`;
  });
  const answers = fragments.map(({ name }) => name.value).filter((name) => new RegExp(`<${name}\\b`).test(signatures.join('\n')));
  return `import type { ${answers.join(', ')} } from './operations.js';
import { OPERATIONS, type Operation, type Page } from './operations.js';
import type * as Types from './types.js';

export interface PageInput {
  /** Page size, 1 to 100. */
  first?: number;
  /** The \`endCursor\` of the page before. */
  after?: string | null;
}

export interface CallOptions {
  /** Aborting ends the call: a promise is rejected with CANCELLED, an iteration ends. */
  signal?: AbortSignal;
}

/** A method for each operation. */
export interface OperationMethods {
${signatures.join('\n')}
}

/** What runs operations. */
export interface OperationRunner {
  /** Runs a query or mutation. */
  call<Result, Variables>(operation: Operation<Result, Variables>, variables: Variables, options?: CallOptions): Promise<Result>;
  /** Runs a subscription; leaving the iteration ends it. */
  watch<Result, Variables>(
    operation: Operation<Result, Variables>,
    variables: Variables,
    options?: CallOptions,
  ): AsyncGenerator<Result, void, undefined>;
}

export function operationMethods({ call, watch }: OperationRunner): OperationMethods {
  return {
${methods.join('\n')}
  };
}
`;
}

/** A description as a comment. */
function doc({ description }, indent = '') {
  if (!description) return '';
  const lines = description.split('\n').map((line) => `${indent} * ${line}`.trimEnd());
  return `${indent}/**\n${lines.join('\n')}\n${indent} */\n`;
}
