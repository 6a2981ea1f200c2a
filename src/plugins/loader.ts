/** Finds a plugin's file, imports it, and says what is wrong with one that is none. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { nearest } from '../common/environment.js';
import { messageOf, PalateError } from '../common/errors.js';
import { type ConfigField, fieldsOf } from './configuration.js';
import { type Plugin, z } from './contract.js';
import { withTimeout } from './timeout.js';

export interface LoadedPlugin {
  plugin: Plugin;
  fields: ConfigField[];
  /** The file it was imported from. */
  file: string;
}

const shape = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower case letters, digits and hyphens, at most 32'),
  version: z.string().min(1),
  platform: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'must be lower case letters, digits, hyphens, at most 64'),
  configSchema: z.custom<z.ZodObject>(
    (value) => typeof (value as { safeParseAsync?: unknown } | null)?.safeParseAsync === 'function',
    'must be a schema, made with z.object()',
  ),
  start: z.custom((value) => typeof value === 'function', 'must be a function'),
});

/** @throws PalateError BAD_USER_INPUT that says what is wrong with the source and what to do */
export async function loadPlugin(source: string, folder: string, timeMs: number): Promise<LoadedPlugin> {
  const file = findFile(source, folder);
  if (!file)
    throw new PalateError('BAD_USER_INPUT', `The plugin ${source} is not usable: ${whyMissing(source, folder)}`);
  let module: { default?: unknown; plugin?: unknown };
  try {
    lendOurselves();
    module = await withTimeout(timeMs, import(pathToFileURL(file).href), 'it took too long to load');
  } catch (error) {
    throw unusable(source, `${file} could not be imported (${messageOf(error)})`, error);
  }
  const given = module.default ?? module.plugin;
  const checked = shape.safeParse(given);
  if (!checked.success) {
    const [{ path, message }] = checked.error.issues;
    const what = path.length > 0 ? `its ${path.join('.')} ${message}` : 'it exports no plugin';
    throw unusable(source, `${what}. It must say "export default definePlugin({ ... })"`);
  }
  const plugin = given as Plugin;
  try {
    return { plugin, fields: fieldsOf(plugin.configSchema), file };
  } catch (error) {
    throw unusable(
      source,
      `its configSchema cannot be described (${messageOf(error)}). It must be a z.object()`,
      error,
    );
  }
}

/**
 * Before anything is opened that takes long: a name that leads nowhere is misspelt, or its package was not installed.
 * @param namedBy what gave the names
 * @throws PalateError BAD_USER_INPUT that says which, and what to do
 */
export function requirePlugins(sources: readonly string[], folder: string, namedBy: string): void {
  const missing = sources.filter((source) => !isThere(source, folder));
  if (missing.length === 0) return;
  const told = missing.map((source) => `${namedBy} names the plugin ${source}: ${whyMissing(source, folder)}`);
  throw new PalateError('BAD_USER_INPUT', told.join(' '));
}

/** Also where it is damaged: that is told when it is loaded. */
function isThere(source: string, folder: string): boolean {
  try {
    return findFile(source, folder) !== undefined;
  } catch {
    return true;
  }
}

function whyMissing(source: string, folder: string): string {
  if (isPath(source)) return `there is no plugin at ${resolve(folder, source)}. Correct the path.`;
  const own = ownPlugins();
  const meant = nearest(source, own, '');
  if (meant) return `there is none of that name; did you mean ${meant}?`;
  const unknown = `it neither comes with Palate (${own.join(', ')} do) nor is it a package installed in ${folder} or above`;
  return `${unknown}. Correct the name, or install it there: "npm install ${source}".`;
}

/** A module hook: what is not installed where it is imported is found among these. */
const LEND = `
  let ours;
  export const initialize = (given) => { ours = given; };
  export async function resolve(specifier, context, next) {
    try {
      return await next(specifier, context);
    } catch (error) {
      if (!Object.hasOwn(ours, specifier)) throw error;
      return next(ours[specifier], context);
    }
  }`;
let lent = false;

/** Lets plugins outside the installation import `palate/plugin` and `palate/client` without having them installed. */
function lendOurselves(): void {
  if (lent) return;
  lent = true;
  const ours = (file: string) => new URL(`${file}${extname(import.meta.url)}`, import.meta.url).href;
  register(`data:text/javascript,${encodeURIComponent(LEND)}`, {
    data: { 'palate/plugin': ours('./contract'), 'palate/client': ours('../client/index') },
  });
}

/** A path beginning with a dot or a slash, a plugin that comes with the product, or a package installed above `folder`. */
function findFile(source: string, folder: string): string | undefined {
  if (isPath(source)) return entryOf(resolve(folder, source));
  if (/^[a-z0-9-]+$/.test(source) && existsSync(ownFile(source))) return ownFile(source);
  for (let above = folder; ; above = dirname(above)) {
    const found = entryOf(join(above, 'node_modules', source));
    if (found || above === dirname(above)) return found;
  }
}

const isPath = (source: string) => source.startsWith('.') || isAbsolute(source);

const BOTS = fileURLToPath(new URL('../../bots', import.meta.url));
const ownFile = (name: string) => join(BOTS, name, `plugin${extname(import.meta.url)}`);

/** Those that come with the product. */
function ownPlugins(): string[] {
  return readdirSync(BOTS).filter((name) => existsSync(ownFile(name)));
}

/** The file to import: the path itself, or what the folder's package.json names. */
function entryOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.isFile() ? path : undefined;
  let named: string | undefined;
  try {
    const { exports, main } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    named = exportOf(exports?.['.'] ?? exports) ?? main;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return [named ?? 'index.js', 'plugin.js'].map((name) => join(path, name)).find((file) => existsSync(file));
}

function exportOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  const conditions = target as Record<string, unknown>;
  return exportOf(conditions.node ?? conditions.import ?? conditions.default);
}

function unusable(source: string, reason: string, cause?: unknown): PalateError {
  return new PalateError('BAD_USER_INPUT', `The plugin ${source} is not usable: ${reason}.`, { cause });
}
