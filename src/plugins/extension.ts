/** What a plugin adds to the GraphQL schema: checked that it is its own and fits, and run so that its faults stay its own. */
import { buildSchema, type DefinitionNode, extendSchema, type GraphQLSchema, isObjectType, Kind, parse } from 'graphql';
import { ERROR_CODES, PalateError } from '../common/errors.js';
import { SDL } from '../contract/generated/schema.js';
import type { FieldContext, FieldResolver, Plugin, PluginContext } from './contract.js';
import { runInDomain } from './fault-domain.js';
import { withTimeout } from './timeout.js';

/** As the gateway takes it. */
export interface PluginExtension {
  readonly plugin: string;
  readonly platform: string;
  readonly typeDefs: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, ExtensionResolver>>>>;
  readonly access: Readonly<Record<string, readonly ('BOT' | 'MEMBER')[]>>;
  readonly types: readonly string[];
}

type ExtensionResolver = (
  source: unknown,
  args: Record<string, unknown>,
  context: { readonly viewer: FieldContext<unknown>['viewer'] },
) => unknown;

export interface ExtensionParts {
  plugin: Plugin;
  /** The plugin's parts while it runs inside this process. */
  context(): PluginContext<Record<string, unknown>> | null;
  /** Milliseconds for one field. */
  timeMs: number;
  onFault(error: unknown): void;
}

/** The service's own schema, which extensions are checked against. */
export function baseSchema(): GraphQLSchema {
  return buildSchema(SDL);
}

/**
 * @param schema the service's, with what other plugins added
 * @returns the extension and the schema with it; null for a plugin that adds nothing
 * @throws Error that says which rule is broken
 */
export function extend(
  schema: GraphQLSchema,
  parts: ExtensionParts,
): { extension: PluginExtension; schema: GraphQLSchema } | null {
  const { name, platform, graphql } = parts.plugin;
  if (!graphql) return null;
  const document = parse(graphql.typeDefs);
  const types = document.definitions.flatMap((definition) => checkDefinition(name, definition));
  const extended = extendSchema(schema, document);
  checkNames(extended, types, graphql, prefixOf(name));
  const resolvers = Object.fromEntries(
    Object.entries(graphql.resolvers).map(([type, fields]) => [
      type,
      Object.fromEntries(Object.entries(fields).map(([field, resolve]) => [field, run(parts, resolve)])),
    ]),
  );
  const { typeDefs, access = {} } = graphql;
  return { schema: extended, extension: { plugin: name, platform, typeDefs, resolvers, access, types } };
}

/** `my-bot` -> `MyBot`. */
export function prefixOf(name: string): string {
  return name.replace(/(^|-)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
}

/** The type it defines, if it defines one. */
function checkDefinition(plugin: string, definition: DefinitionNode): string[] {
  const prefix = prefixOf(plugin);
  const field = prefix[0].toLowerCase() + prefix.slice(1);
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_EXTENSION:
      if (!['Query', 'Mutation'].includes(definition.name.value)) {
        throw new Error(`its SDL extends ${definition.name.value}; only Query and Mutation may be extended`);
      }
      for (const { name } of definition.fields ?? []) {
        if (!hasPrefix(name.value, field)) throw new Error(`its field ${name.value} must begin with "${field}"`);
      }
      return [];
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
    case Kind.ENUM_TYPE_DEFINITION:
      if (hasPrefix(definition.name.value, prefix)) return [definition.name.value];
      throw new Error(`its type ${definition.name.value} must begin with "${prefix}"`);
    default:
      throw new Error(`its SDL holds a ${definition.kind}; types, inputs, enums and extend type are taken`);
  }
}

/** `exampleX` begins with `example`, `examples` does not. */
function hasPrefix(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && !/^[a-z]/.test(name.slice(prefix.length));
}

function checkNames(
  schema: GraphQLSchema,
  types: readonly string[],
  { resolvers, access = {} }: NonNullable<Plugin['graphql']>,
  prefix: string,
): void {
  const field = prefix[0].toLowerCase() + prefix.slice(1);
  for (const [name, fields] of Object.entries(resolvers)) {
    const type = schema.getType(name);
    const root = name === 'Query' || name === 'Mutation';
    if (!isObjectType(type) || !(root || types.includes(name)))
      throw new Error(`it resolves ${name}, which is not its own`);
    for (const one of Object.keys(fields)) {
      const known = type.getFields()[one] !== undefined && (!root || hasPrefix(one, field));
      if (!known) throw new Error(`it resolves ${name}.${one}, which its SDL does not add`);
    }
  }
  for (const one of Object.keys(access)) {
    if (!hasPrefix(one, field)) throw new Error(`its access names ${one}, which is not its own`);
  }
}

function run({ plugin, context, timeMs, onFault }: ExtensionParts, resolve: FieldResolver<never>): ExtensionResolver {
  return async (source, args, { viewer }) => {
    const running = context();
    if (!running) {
      const message = `The plugin ${plugin.name} does not run inside the service. An admin starts it with startPlugin.`;
      throw new PalateError('CONFLICT', message);
    }
    const { scope, memberId } = viewer;
    const fieldContext = { ...running, viewer: { scope, memberId } } as FieldContext<never>;
    try {
      const answer = runInDomain(onFault, async () => resolve(source, args, fieldContext));
      return await withTimeout(timeMs, answer, `The plugin ${plugin.name} did not answer after ${timeMs} ms`);
    } catch (error) {
      throw known(error) ?? error;
    }
  };
}

/** What the plugin's client was told is told on, with its code; other errors are nobody's business but the log's. */
function known(error: unknown): PalateError | undefined {
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  const given = ERROR_CODES.find((one) => one === code);
  return name === 'PalateClientError' && given ? new PalateError(given, String(message), { cause: error }) : undefined;
}
