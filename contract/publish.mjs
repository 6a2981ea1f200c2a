// Writes the contract as clients see it beside the built product: what `palate/schema.graphql` names.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publicSdl } from './directives.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(join(root, 'dist/schema.graphql'), publicSdl(readFileSync(join(root, 'schema.graphql'), 'utf8')));
