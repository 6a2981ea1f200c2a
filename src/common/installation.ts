/** Where the files that come with the product lie: beside src/ in a checkout, beside dist/ in a build. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PalateError } from './errors.js';

/** The product's own folder. @throws PalateError INTERNAL when the installation is incomplete */
export function installationFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'schema.graphql')) && existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) {
      throw new PalateError('INTERNAL', 'Files of the installation are missing. Install Palate again.');
    }
  }
}
