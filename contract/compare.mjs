// Compares schema.graphql, as clients see it, with the contract of the last release, contract/baseline.graphql, and fails on what would
// break a client.
// `--accept` makes today's contract the baseline: part of a release.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildASTSchema, findBreakingChanges, findDangerousChanges, Kind, parse, visit } from 'graphql';
import { publicDocument, publicSdl } from './directives.mjs';

/**
 * What has changed between two contracts. A field, argument or enum value that the old one had deprecated may be gone, and a type that
 * nothing else used with it.
 * @param {string} before SDL
 * @param {string} after SDL
 * @returns {{ breaking: string[], dangerous: string[], undocumented: string[] }} sentences
 */
export function compareContracts(before, after) {
  const newSchema = buildASTSchema(publicDocument(after));
  const oldSchema = buildASTSchema(withoutWithdrawn(parse(before), newSchema), { assumeValidSDL: true });
  return {
    breaking: findBreakingChanges(oldSchema, newSchema).map(({ description }) => description),
    dangerous: findDangerousChanges(oldSchema, newSchema).map(({ description }) => description),
    undocumented: deprecatedWithoutReason(after),
  };
}

/** The old contract less what it had deprecated and the new one has taken out. */
function withoutWithdrawn(document, newSchema) {
  const without = (parent, parts, isLeft) =>
    parts?.filter((part) => !isDeprecated(part) || isLeft(newSchema.getType(parent.name.value), part.name.value));
  const hasField = (type, name) => type !== undefined && 'getFields' in type && name in type.getFields();
  const hasValue = (type, name) => type !== undefined && 'getValue' in type && type.getValue(name) !== undefined;
  const fieldsOf = (type) => ({
    ...type,
    fields: without(type, type.fields, hasField)?.map((field) => ({
      ...field,
      arguments: field.arguments?.filter(
        (argument) =>
          !isDeprecated(argument) ||
          newSchema.getType(type.name.value)?.getFields?.()[field.name.value]?.args.some(({ name }) => name === argument.name.value),
      ),
    })),
  });
  const kept = visit(document, {
    [Kind.OBJECT_TYPE_DEFINITION]: { enter: fieldsOf },
    [Kind.INTERFACE_TYPE_DEFINITION]: { enter: fieldsOf },
    [Kind.INPUT_OBJECT_TYPE_DEFINITION]: { enter: (type) => ({ ...type, fields: without(type, type.fields, hasField) }) },
    [Kind.ENUM_TYPE_DEFINITION]: { enter: (type) => ({ ...type, values: without(type, type.values, hasValue) }) },
  });
  const used = typesInUse(kept);
  const definitions = kept.definitions.filter(
    ({ kind, name }) => kind === Kind.SCHEMA_DEFINITION || used.has(name?.value) || newSchema.getType(name?.value) !== undefined,
  );
  return { ...kept, definitions };
}

/** Names of the types that can be reached from the roots. */
function typesInUse(document) {
  const definitions = new Map(document.definitions.map((definition) => [definition.name?.value, definition]));
  const found = new Set(['Query', 'Mutation', 'Subscription']);
  for (const name of found) {
    const definition = definitions.get(name);
    if (definition) visit(definition, { [Kind.NAMED_TYPE]: ({ name }) => void found.add(name.value) });
  }
  return found;
}

function isDeprecated({ directives }) {
  return directives?.some(({ name }) => name.value === 'deprecated') ?? false;
}

/** Every deprecation says what to use instead, and from when on it may be gone. */
function deprecatedWithoutReason(sdl) {
  const found = [];
  visit(parse(sdl), {
    [Kind.DIRECTIVE]({ name, arguments: given, loc }) {
      if (name.value !== 'deprecated') return;
      const reason = given?.find((argument) => argument.name.value === 'reason')?.value.value ?? '';
      if (!/\bgone from \d+\.\d+\b/i.test(reason)) {
        found.push(`line ${loc.startToken.line}: a deprecation says what to use instead, and "Gone from <version>".`);
      }
    },
  });
  return found;
}

function main() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const baseline = join(root, 'contract/baseline.graphql');
  const present = readFileSync(join(root, 'schema.graphql'), 'utf8');
  const { breaking, dangerous, undocumented } = compareContracts(readFileSync(baseline, 'utf8'), present);
  for (const sentence of dangerous) console.log(`Look at it twice: ${sentence}`);
  for (const sentence of breaking) console.error(`This breaks clients: ${sentence}`);
  for (const sentence of undocumented) console.error(`schema.graphql ${sentence}`);
  if (breaking.length + undocumented.length > 0) {
    console.error('Deprecate first, remove later: docs/api.md, "Changes of the contract".');
    process.exit(1);
  }
  if (process.argv.includes('--accept')) writeFileSync(baseline, publicSdl(present));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
