/** Every text that the contract takes, found in the schema: an operation for each, with a place to put any text at. */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLList,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

export interface TextInput {
  /** Like `Mutation.generate: input.member.externalId`. */
  name: string;
  /** The last name on the way to it, which an answer that refuses it has to give. */
  field: string;
  type: 'String' | 'ID';
  operation: 'query' | 'mutation' | 'subscription';
  query: string;
  variables(text: unknown): Record<string, unknown>;
}

/** Texts that fit where something has to be said. */
const FITTING: Readonly<Record<string, unknown>> = {
  platform: 'north',
  externalId: 'ada',
  prompt: 'hello',
  content: 'hello',
  prefix: '',
  name: 'north',
};
const NOBODY = '00000000-0000-4000-8000-000000000000';

export function textInputs(schema: GraphQLSchema): TextInput[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([operation, root]) =>
    Object.values(root?.getFields() ?? {}).flatMap((field) => inputsOf(operation, field)),
  );
}

function inputsOf(operation: TextInput['operation'], field: GraphQLField<unknown, unknown>): TextInput[] {
  const declared = field.args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(', ');
  const selection = isCompositeType(getNamedType(field.type)) ? ' { __typename }' : '';
  const query = `${operation} (${declared}) { ${field.name}(${passed})${selection} }`;
  const fitting = Object.fromEntries(
    field.args.filter(({ type }) => isNonNullType(type)).map(({ name, type }) => [name, sample(name, type)]),
  );
  return field.args.flatMap((argument) =>
    pathsOf(argument.name, argument.type).map(({ path, type }) => ({
      name: `${operation} ${field.name}: ${path.join('.')}`,
      field: path.filter((step) => step !== 0).at(-1) as string,
      type,
      operation,
      query,
      variables: (text: unknown) => put(structuredClone(fitting), [...path], argument.type, text),
    })),
  );
}

type Step = string | 0;

function pathsOf(name: string, type: GraphQLInputType): { path: Step[]; type: TextInput['type'] }[] {
  if (isNonNullType(type)) return pathsOf(name, type.ofType);
  if (isListType(type))
    return pathsOf(name, type.ofType).map((found) => ({ ...found, path: [name, 0, ...found.path.slice(1)] }));
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).flatMap((field) =>
      pathsOf(field.name, field.type).map((found) => ({ ...found, path: [name, ...found.path] })),
    );
  }
  return type.name === 'String' || type.name === 'ID' ? [{ path: [name], type: type.name }] : [];
}

/** Something that a field takes, as small as may be. */
function sample(name: string, type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sample(name, type.ofType);
  if (isListType(type)) return [sample(name, type.ofType)];
  if (isEnumType(type)) return type.getValues()[0].name;
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return Object.fromEntries(required.map((field) => [field.name, sample(field.name, field.type)]));
  }
  if (type.name === 'String' || type.name === 'ID') return FITTING[name] ?? NOBODY;
  return type.name === 'Boolean' ? false : 1;
}

/** Puts a text at the end of a path, and what its objects require on the way. */
function put(
  at: Record<string, unknown>,
  path: Step[],
  type: GraphQLInputType,
  text: unknown,
): Record<string, unknown> {
  const [step, ...rest] = path as [string, ...Step[]];
  let inner = type;
  while (isNonNullType(inner)) inner = inner.ofType;
  if (rest[0] === 0) {
    const element = (inner as unknown as GraphQLList<GraphQLInputType>).ofType;
    at[step] =
      rest.length === 1
        ? [text]
        : [(put({}, [step, ...rest.slice(1)], element, text) as Record<string, unknown>)[step]];
  } else if (rest.length === 0) at[step] = text;
  else if (isInputObjectType(inner)) {
    at[step] ??= sample(step, inner);
    const next = inner.getFields()[rest[0] as string].type;
    put(at[step] as Record<string, unknown>, rest, next, text);
  }
  return at;
}
