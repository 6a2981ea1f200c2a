/** Where files lie: those that come with the product (beside src/ in a checkout, beside dist/ in a build), and the data. */
import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, PalateError } from './errors.js';

/** The product's own folder. @throws PalateError INTERNAL when the installation is incomplete */
export function installationFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'schema.graphql')) && existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) {
      throw new PalateError('INTERNAL', 'Files of the installation are missing. Install Palate again.');
    }
  }
}

/** Where checkpoints are looked for, in order: those of the data folder, then those that come with the product. */
export function checkpointFolders(data: string): string[] {
  return [join(data, 'checkpoints'), join(installationFolder(), 'models')];
}

/** Makes the data folder, for its owner only. @throws PalateError BAD_USER_INPUT when that is impossible */
export async function makeDataFolder(folder: string): Promise<void> {
  await makeFolders(folder, 0o700).catch((cause) => {
    const advice = 'Name a folder that can be written with --data or PALATE_DATA.';
    throw new PalateError('BAD_USER_INPUT', `The data folder cannot be made (${messageOf(cause)}). ${advice}`, {
      cause,
    });
  });
}

/** As mkdir's `recursive`, which tries for good where nothing can be made in a folder that is there, as below /proc. */
async function makeFolders(folder: string, mode: number): Promise<void> {
  if (await isFolder(folder)) return;
  if (dirname(folder) !== folder) await makeFolders(dirname(folder), mode);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    // Another process was faster.
    if (!(await isFolder(folder))) throw error;
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
