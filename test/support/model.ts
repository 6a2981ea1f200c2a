/** The default model for tests, fetched once as the product fetches it and kept in the repository's .cache folder. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_MODEL } from '../../src/language-model/catalogue.js';
import { ensureModel } from '../../src/language-model/fetch.js';

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

let path: Promise<string> | undefined;

/** Path of the default model's file. Two processes may fetch it at once: each renames a complete file into place. */
export function defaultModelPath(): Promise<string> {
  path ??= find();
  return path;
}

async function find(): Promise<string> {
  const known = join(CACHE, 'models', DEFAULT_MODEL.file);
  const stats = await stat(known).catch(() => undefined);
  return stats ? known : ensureModel(undefined, CACHE, () => {});
}
