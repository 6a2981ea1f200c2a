/**
 * Documents that nobody means well with: operations of every shape the schema allows and some it does not, bombs, and the same with
 * characters lost or added. The same seed gives the same documents.
 */
import {
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { Random } from '../../src/common/random.js';
import { bombs } from './bombs.js';

export interface HostileRequest {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
}

const TEXTS = [
  'ada',
  'nobody',
  'none',
  'generation-1',
  'test',
  'other',
  '',
  ' ',
  '__proto__',
  'constructor',
  "'; DROP TABLE members; --",
  '../../etc/passwd',
  '{{7*7}}',
  '\u0000',
  '\u202e\u0301',
  '😀',
  '\ud800',
  'a'.repeat(9_000),
  '[object Object]',
];
const NUMBERS = ['0', '1', '2', '3', '8', '20', '100', '101', '-1', '2147483647', '2147483648', '1e3', '1e999', '0.5'];
const SNIPPETS = [...'{}()[]:!$@"#&|=.,', '...', '"""', '\\u0000', 'null', 'on', 'fragment', '\ufeff', '\u0000', '🙃'];

const ODD_FIELDS = ['__typename', 'nothing', '__schema { types { name } }', '__type(name: "Key") { name }'];
const ODD_DIRECTIVES = ['skip(if: false)', 'include(if: true)', 'skip', 'unknown'];

export class HostileDocuments {
  private readonly objects: GraphQLObjectType[];
  private variables: Record<string, unknown> = {};
  private declared: string[] = [];
  private fragments = 0;
  private fieldsLeft = 0;
  private aliases = 0;
  /** How often the present document goes wrong, from 0 to 1: well-formed ones come furthest. */
  private hostility = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly random: Random,
  ) {
    this.objects = Object.values(schema.getTypeMap()).filter(isObjectType);
  }

  next(): HostileRequest {
    const kind = this.random.uniform();
    if (kind < 0.1) return bombs(this.random);
    if (kind < 0.15) return { query: this.many(60, () => this.pick(SNIPPETS)).join(this.pick(['', ' ', '\n'])) };
    const request = this.operations();
    return kind < 0.3 ? { ...request, query: this.damaged(request.query) } : request;
  }

  private operations(): HostileRequest {
    this.variables = {};
    this.hostility = this.pick([0, 0, 0.1, 1]);
    this.aliases = 0;
    this.declared = [];
    this.fragments = this.trick(0.4) ? 1 + this.random.integer(4) : 0;
    this.fieldsLeft = this.pick([5, 20, 20, 60, 400]);
    const depth = this.pick([2, 3, 3, 5, 8, 11, 14]);
    const root = this.pick(['query', 'query', 'query', 'mutation', 'subscription'] as const);
    const type = {
      query: this.schema.getQueryType(),
      mutation: this.schema.getMutationType(),
      subscription: this.schema.getSubscriptionType(),
    }[root];
    const body = this.selection(type as GraphQLObjectType, depth);
    const declarations = this.declared.length > 0 ? `(${this.declared.join(', ')})` : '';
    const fragments = Array.from({ length: this.fragments }, (_, i) => {
      const on = this.pick(this.objects);
      return `fragment f${i} on ${on.name} ${this.selection(on, Math.min(depth, 4))}`;
    });
    const query = [
      `${root} A${declarations} ${body}`,
      ...fragments,
      this.trick(0.05) ? 'query B { pool { ready } }' : '',
    ];
    return {
      query: query.join('\n'),
      ...(!this.trick(0.1) && { variables: this.variables }),
      ...(this.trick(0.2) && { operationName: this.pick(['A', 'B', '__proto__', '']) }),
    };
  }

  private selection(type: GraphQLObjectType, depth: number): string {
    const fields = Object.values(type.getFields());
    const parts = this.many(6, () => {
      if (this.fieldsLeft-- <= 0) return '__typename';
      if (this.trick(0.06)) return this.pick(ODD_FIELDS);
      if (this.trick(0.12)) return `...f${this.random.integer(this.fragments + 1)}`;
      if (this.trick(0.05)) return `... on ${this.pick(this.objects).name} @include(if: true) { __typename }`;
      const field = this.pick(fields);
      const alias = this.trick(0.5) ? this.pick(['a', 'b', '__proto__', 'id']) : `a${this.aliases++}`;
      // The alias is new, so that the same field may come again with other arguments; but aliases are few.
      const name = this.aliases <= 25 || this.chance(0.1) ? `${alias}: ${field.name}` : field.name;
      const directive = this.trick(0.05) ? ` @${this.pick(ODD_DIRECTIVES)}` : '';
      return `${name}${this.arguments(field.args)}${directive}${this.below(field.type, depth)}`;
    });
    return `{ ${parts.join(' ')} }`;
  }

  private below(type: unknown, depth: number): string {
    const named = getNamedType(type as never);
    if (!isCompositeType(named)) return this.trick(0.01) ? ' { id }' : '';
    if (depth <= 1) return this.trick(0.05) ? '' : ' { __typename }';
    if (isUnionType(named) || isInterfaceType(named)) {
      const inside = this.schema
        .getPossibleTypes(named)
        .map((one) => `... on ${one.name} ${this.selection(one, depth - 1)}`);
      return ` { ${inside.join(' ')} }`;
    }
    return ` ${this.selection(named, depth - 1)}`;
  }

  private arguments(args: readonly GraphQLArgument[]): string {
    const given = args.filter(({ type }) => (isNonNullType(type) ? !this.trick(0.03) : this.chance(0.4)));
    if (given.length === 0) return '';
    return `(${given.map(({ name, type }) => `${name}: ${this.argument(type)}`).join(', ')})`;
  }

  private argument(type: GraphQLInputType): string {
    if (this.chance(0.75)) return this.literal(type, 4);
    const name = `v${this.declared.length}`;
    this.declared.push(`$${name}: ${this.trick(0.05) ? 'Int' : String(type)}`);
    const value = !this.trick(0.15)
      ? toJson(this.literal(type, 4))
      : this.pick([null, [], {}, -1, 'x', { __proto__: 1 }, [[[]]]]);
    if (!this.trick(0.05)) this.variables[name] = value;
    return `$${name}`;
  }

  private literal(type: GraphQLInputType, depth: number): string {
    if (isNonNullType(type)) return this.trick(0.01) ? 'null' : this.literal(type.ofType, depth);
    if (this.trick(0.02))
      return this.pick(['null', '[[[1]]]', '{ a: { b: 1 } }', 'NOTHING', '$undeclared', '"x"', '1']);
    if (isListType(type)) return `[${this.many(depth, () => this.literal(type.ofType, depth - 1)).join(', ')}]`;
    if (isEnumType(type)) return this.pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => depth > 0 && (isNonNullType(field.type) ? !this.trick(0.02) : this.chance(0.3)),
      );
      return `{ ${fields.map((field) => `${field.name}: ${this.literal(field.type, depth - 1)}`).join(', ')} }`;
    }
    if (String(type) === 'Boolean') return this.pick(['true', 'false']);
    if (String(type) === 'Int' || String(type) === 'Float')
      return this.pick(this.trick(1) ? NUMBERS : ['1', '2', '20']);
    return JSON.stringify(this.trick(0.5) ? this.pick(TEXTS) : this.pick(['ada', 'test', 'x']));
  }

  /** The text with a few characters lost, doubled or added. */
  private damaged(text: string): string {
    let damaged = text;
    for (let i = 1 + this.random.integer(4); i > 0; i--) {
      const at = this.random.integer(damaged.length + 1);
      const lost = this.chance(0.6) ? this.random.integer(4) : 0;
      const added = this.chance(0.6) ? this.pick(SNIPPETS) : damaged.slice(at, at + this.random.integer(30));
      damaged = damaged.slice(0, at) + added + damaged.slice(at + lost);
    }
    return damaged;
  }

  private chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  private trick(probability: number): boolean {
    return this.chance(probability * this.hostility);
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.random.integer(items.length)];
  }

  /** One to `maximum` of them. */
  private many<T>(maximum: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.random.integer(Math.max(1, maximum)) }, make);
  }
}

/** A literal as a variable's value; what JSON cannot say becomes a text. */
function toJson(literal: string): unknown {
  try {
    return JSON.parse(literal.replaceAll(/([{,]\s*)(\w+):/g, '$1"$2":'));
  } catch {
    return literal;
  }
}
