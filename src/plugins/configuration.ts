/** A plugin's settings between text, as admins and environments give it, and the values that its schema asks for. */
import { pluginVariable } from '../common/config.js';
import { nearest } from '../common/environment.js';
import { messageOf, PalateError } from '../common/errors.js';
import type { PluginField, PluginFieldType } from '../contract/generated/types.js';
import { type Plugin, z } from './contract.js';
import type { StoredSettings } from './settings.js';

/** What is declared about a field. */
export type ConfigField = Pick<
  PluginField,
  'name' | 'title' | 'description' | 'type' | 'required' | 'secret' | 'choices' | 'default' | 'group'
>;

interface PropertySchema {
  type?: unknown;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  secret?: unknown;
  group?: unknown;
}

const TYPES: Readonly<Record<string, PluginFieldType>> = {
  string: 'STRING',
  integer: 'INTEGER',
  number: 'NUMBER',
  boolean: 'BOOLEAN',
};

/** @throws Error when the schema is none that can be described */
export function fieldsOf(schema: z.ZodObject): ConfigField[] {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(properties as Record<string, PropertySchema>).map(([name, property]) => {
    const type = TYPES[String(property.type)] ?? 'JSON';
    const texts = property.enum?.every((choice) => typeof choice === 'string') ? (property.enum as string[]) : null;
    return {
      name,
      title: property.title ?? words(name),
      description: property.description ?? null,
      type,
      required: required.includes(name),
      secret: property.secret === true,
      group: typeof property.group === 'string' ? property.group : null,
      choices: texts,
      default: property.default === undefined || property.secret === true ? null : showText(type, property.default),
    };
  });
}

/** What a field is called where its author says nothing: "publicUrl" becomes "Public URL". */
function words(name: string): string {
  const spaced = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const sentence = spaced.charAt(0).toUpperCase() + spaced.slice(1);
  return sentence.replace(/\b(api|id|url)\b/gi, (letters) => letters.toUpperCase());
}

/** Where each field's text comes from now. */
export interface GivenSettings {
  texts: ReadonlyMap<string, string>;
  /** Field to the variable that sets it; the environment goes before what was stored. */
  variables: ReadonlyMap<string, string>;
}

export function givenSettings(
  plugin: string,
  fields: readonly ConfigField[],
  stored: Pick<StoredSettings, 'values' | 'secrets'>,
  environment: Readonly<Record<string, string | undefined>>,
): GivenSettings {
  const texts = new Map<string, string>();
  const variables = new Map<string, string>();
  for (const { name, secret } of fields) {
    const variable = settingVariable(plugin, name, environment);
    const set = environment[variable];
    const text = set || (secret ? stored.secrets[name] : stored.values[name]);
    if (set) variables.set(name, variable);
    if (text !== undefined) texts.set(name, text);
  }
  return { texts, variables };
}

/** The variable that sets a field: `botToken` is read from ..._BOT_TOKEN, and else from ..._BOTTOKEN. */
function settingVariable(
  plugin: string,
  field: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const variable = pluginVariable(plugin, field);
  if (environment[variable]) return variable;
  const joined = `${pluginVariable(plugin, '')}${field.toUpperCase()}`;
  return environment[joined] ? joined : variable;
}

/**
 * What is wrong with variables that begin as if they set something of the plugin and set nothing, each by its name.
 * @param others names of the other plugins: PALATE_PLUGIN_MY_BOT_... is the plugin my-bot's, not the plugin my's
 */
export function strayVariables(
  plugin: string,
  fields: readonly ConfigField[],
  others: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const prefix = pluginVariable(plugin, '');
  const longer = others.map((other) => pluginVariable(other, '')).filter((other) => other.startsWith(prefix));
  const known = fields.map(({ name }) => pluginVariable(plugin, name));
  const read = new Set([...known, ...fields.map(({ name }) => `${prefix}${name.toUpperCase()}`)]);
  return Object.keys(environment)
    .filter((name) => environment[name] && name.startsWith(prefix) && !read.has(name))
    .filter((name) => !longer.some((other) => name.startsWith(other)))
    .map((name) => {
      const meant = nearest(name, known, prefix);
      const advice = meant ? `did you mean ${meant}?` : `the plugin's variables are ${known.join(', ') || 'none'}`;
      return `the variable ${name} sets nothing; ${advice}`;
    });
}

export type CheckedConfig =
  | { ok: true; config: Record<string, unknown>; input: Record<string, unknown> }
  | { ok: false; missing: Missing; problems: string[] };

/** Settings that are missing, each with what the schema's author says of it, if anything. */
type Missing = ReadonlyMap<string, string | null>;

const NOTHING: Missing = new Map();

/**
 * The configuration that the schema makes of the texts, or what is missing and what is wrong. Never says
 * what a secret is.
 */
export async function checkConfig(
  plugin: Plugin,
  fields: readonly ConfigField[],
  texts: ReadonlyMap<string, string>,
): Promise<CheckedConfig> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const field of fields) {
    const text = texts.get(field.name);
    if (text === undefined) continue;
    try {
      values[field.name] = readText(field.type, text);
    } catch {
      problems.push(`"${field.title}" must be ${NAMES[field.type]}`);
    }
  }
  if (problems.length > 0) return { ok: false, missing: NOTHING, problems };
  const parsed = await plugin.configSchema.safeParseAsync(values).catch((error: unknown) => messageOf(error));
  if (typeof parsed === 'string')
    return { ok: false, missing: NOTHING, problems: [`the settings cannot be read (${parsed})`] };
  if (parsed.success) return { ok: true, config: parsed.data, input: values };
  const missing = new Map<string, string | null>();
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0] ?? '');
    const field = fields.find((one) => one.name === name);
    if (field && values[name] === undefined) missing.set(name, issue.code === 'custom' ? issue.message : null);
    // A message of the schema's author may quote the value.
    else
      problems.push(
        field?.secret ? `"${field.title}" is not usable` : `${placeOf(issue.path, field)}: ${issue.message}`,
      );
  }
  return { ok: false, missing, problems };
}

/** Where in the settings something is wrong: the field by its title, and what lies in it by its path. */
function placeOf(path: readonly PropertyKey[], field: ConfigField | undefined): string {
  if (!field) return path.join('.') || 'the settings';
  return [`"${field.title}"`, ...path.slice(1)].join('.');
}

/**
 * The texts an admin gives, split into plain and secret ones.
 * @throws PalateError BAD_USER_INPUT for a field that does not exist, CONFLICT for one that the environment sets
 */
export function splitValues(
  plugin: string,
  fields: readonly ConfigField[],
  given: readonly { name: string; value?: string | null }[],
  variables: ReadonlyMap<string, string>,
) {
  const values: Record<string, string | null> = {};
  const secrets: Record<string, string | null> = {};
  for (const { name, value = null } of given) {
    const field = fields.find((one) => one.name === name);
    if (!field) {
      const known = fields.map((one) => one.name).join(', ') || 'none';
      throw new PalateError(
        'BAD_USER_INPUT',
        `The plugin ${plugin} has no setting "${name}". Its settings are: ${known}.`,
      );
    }
    const variable = variables.get(name);
    if (variable) {
      throw new PalateError(
        'CONFLICT',
        `"${field.title}" is set by ${variable}, which goes first. Change or remove that variable.`,
      );
    }
    if (value?.includes('\0')) {
      throw new PalateError('BAD_USER_INPUT', `"${field.title}" contains the character U+0000.`);
    }
    (field.secret ? secrets : values)[name] = value;
  }
  return { values, secrets };
}

const NAMES: Record<PluginFieldType, string> = {
  STRING: 'a text',
  INTEGER: 'a whole number',
  NUMBER: 'a number',
  BOOLEAN: 'true or false',
  JSON: 'JSON',
};

function readText(type: PluginFieldType, text: string): unknown {
  if (type === 'STRING') return text;
  const value: unknown = JSON.parse(text);
  const fits =
    type === 'JSON' ||
    (type === 'BOOLEAN' && typeof value === 'boolean') ||
    (type === 'NUMBER' && typeof value === 'number') ||
    (type === 'INTEGER' && Number.isInteger(value));
  if (!fits) throw new TypeError(`not ${NAMES[type]}`);
  return value;
}

function showText(type: PluginFieldType, value: unknown): string {
  return type === 'STRING' ? String(value) : JSON.stringify(value);
}
