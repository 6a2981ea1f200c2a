// Reads what schema.graphql says to the service alone: who may ask for a field (@access), what it costs (@cost), and what services
// supply of it (@resolved). Takes it out for everybody else.
import { buildASTSchema, getDirectiveValues, isInputObjectType, isNonNullType, isObjectType, Kind, parse, print, visit } from 'graphql';

const DIRECTIVES = ['access', 'cost', 'resolved'];
const ENUMS = ['Access', 'Owned'];
export const ROOTS = ['Query', 'Mutation', 'Subscription'];
/** The type of what names a thing, for every rule that wants one named. */
const NAMES = { NAMED_PLATFORM: 'String', NAMED_MEMBER: 'MemberRef', OWNER: 'ID', OWNER_OR_REFUSED: 'ID' };

/**
 * The contract as clients see it.
 * @param {string} sdl
 * @returns {import('graphql').DocumentNode}
 */
export function publicDocument(sdl) {
  const isOurs = ({ kind, name }) =>
    kind === Kind.DIRECTIVE_DEFINITION
      ? DIRECTIVES.includes(name.value)
      : kind === Kind.ENUM_TYPE_DEFINITION && ENUMS.includes(name.value);
  return visit(parse(sdl, { noLocation: true }), {
    Document: { leave: (document) => ({ ...document, definitions: document.definitions.filter((one) => !isOurs(one)) }) },
    Directive: ({ name }) => (DIRECTIVES.includes(name.value) ? null : undefined),
  });
}

/** @param {string} sdl @returns {string} the contract as clients see it */
export function publicSdl(sdl) {
  return `${print(publicDocument(sdl))}\n`;
}

/**
 * @param {string} sdl
 * @returns {Record<string, object[]>} by `Type.field`: the rules that a question has to fulfil, all of them
 * @throws {Error} that names the fields without @access, and those whose @access names what is not there
 */
export function accessOf(sdl) {
  const schema = buildASTSchema(parse(sdl));
  const directive = schema.getDirective('access');
  const faults = [];
  const access = {};
  for (const type of objectTypes(schema)) {
    const ofType = usesOf(directive, type.astNode);
    for (const field of Object.values(type.getFields())) {
      const own = usesOf(directive, field.astNode);
      const rules = own.length > 0 ? own : ofType;
      const say = (fault) => faults.push(`${type.name}.${field.name} ${fault}`);
      if (rules.length === 0) say('has no @access; say who may ask for it.');
      access[`${type.name}.${field.name}`] = rules.map((rule) => checkedRule(rule, type, field, say));
    }
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return access;
}

function checkedRule({ to, of, argument, property }, type, field, say) {
  const wanted = NAMES[to];
  if (!wanted) return { to };
  if ((argument === undefined) === (property === undefined)) say(`wants an argument or a property for ${to}.`);
  const owned = wanted === 'ID' ? { of } : {};
  if (argument === undefined) return { to, ...owned, property };
  const path = argument.split('.');
  const found = path.reduce(
    (inputs, name, i) => {
      const input = inputs?.find((one) => one.name === name);
      const inner = input && nullable(input.type);
      return i === path.length - 1 ? inner : isInputObjectType(inner) ? Object.values(inner.getFields()) : undefined;
    },
    field.args,
  );
  if (String(found) !== wanted) say(`has no argument ${argument} that is ${wanted}.`);
  return { to, ...owned, argument: path };
}

/** @param {string} sdl @returns {Record<string, { length?: number, tokens?: string, writes?: number }>} by `Type.field`, where something is said */
export function costsOf(sdl) {
  const schema = buildASTSchema(parse(sdl));
  const entries = objectTypes(schema).flatMap((type) =>
    Object.values(type.getFields()).map((field) => {
      const cost = getDirectiveValues(schema.getDirective('cost'), field.astNode);
      const writes = field.args.find(({ type: given }) => String(nullable(given)) === 'GenerateInput')?.name;
      if (cost?.tokens !== writes) {
        throw new Error(`${type.name}.${field.name} says that ${cost?.tokens} costs tokens; it is ${writes}.`);
      }
      return [`${type.name}.${field.name}`, cost];
    }),
  );
  return Object.fromEntries(entries.filter(([, cost]) => cost));
}

/**
 * The types of what services supply: without what resolvers work out, with the ids that they do it by. Unions are left to
 * `suppliedUnions`.
 * @param {string} sdl
 * @returns {import('graphql').DocumentNode}
 */
export function suppliedDocument(sdl) {
  const schema = buildASTSchema(parse(sdl));
  return visit(publicDocument(sdl), {
    ObjectTypeDefinition: (node) => {
      const type = schema.getType(node.name.value);
      if (ROOTS.includes(type.name)) return null;
      const supplied = new Map();
      for (const field of node.fields) {
        const { astNode, args, type: given } = type.getFields()[field.name.value];
        const resolved = getDirectiveValues(schema.getDirective('resolved'), astNode);
        if (!resolved && args.length === 0) supplied.set(field.name.value, field);
        if (resolved?.from) supplied.set(resolved.from, idField(resolved.from, !isNonNullType(given)));
      }
      for (const { property } of usesOf(schema.getDirective('access'), type.astNode)) {
        if (property && !supplied.has(property)) supplied.set(property, idField(property, false));
      }
      return { ...node, fields: [...supplied.values()] };
    },
    SchemaDefinition: () => null,
    UnionTypeDefinition: () => null,
  });
}

/** @param {string} sdl @returns {string} the unions in TypeScript: of what services supply each says which it is */
export function suppliedUnions(sdl) {
  const unions = publicDocument(sdl).definitions.filter(({ kind }) => kind === Kind.UNION_TYPE_DEFINITION);
  return unions
    .map(({ name, types }) => {
      const members = types.map(({ name: { value } }) => `({ __typename: '${value}' } & ${value})`);
      return `\nexport type ${name.value} =\n  | ${members.join('\n  | ')};\n`;
    })
    .join('');
}

function idField(name, mayBeNull) {
  return parse(`type T { ${name}: ID${mayBeNull ? '' : '!'} }`, { noLocation: true }).definitions[0].fields[0];
}

/**
 * @param {string} sdl
 * @returns {string} the types of what `accessOf` and `costsOf` answer with, in TypeScript
 */
export function ruleTypes(sdl) {
  const schema = buildASTSchema(parse(sdl));
  const [to, of] = ENUMS.map((name) =>
    schema
      .getType(name)
      .getValues()
      .map((value) => `'${value.name}'`)
      .join(' | '),
  );
  return `
export interface AccessRule {
  /** Who may ask, besides admins. */
  readonly to: ${to};
  /** Whose the id is that names the thing. */
  readonly of?: ${of};
  /** The way to what names it, in the field's arguments. */
  readonly argument?: readonly string[];
  /** The property that names it, of what the field is read from. */
  readonly property?: string;
}
`;
}

/** Every use of a repeatable directive, in order. */
function usesOf(directive, node) {
  return (node.directives ?? [])
    .filter(({ name }) => name.value === directive.name)
    .map((use) => getDirectiveValues(directive, { directives: [use] }));
}

function objectTypes(schema) {
  return Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && type.astNode);
}

function nullable(type) {
  return isNonNullType(type) ? type.ofType : type;
}
