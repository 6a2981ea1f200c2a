// Writes the explorer's program to dist/explorer, compressed, in the files that its page asks for. The package it comes out of brings a
// whole server along, so it is needed to build and not to run; and nine megabytes are parsed here, once, and never by the service.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as bundle from '@graphql-yoga/render-graphiql/graphiql';

const folder = fileURLToPath(new URL('../../dist/explorer', import.meta.url));

const FILES = {
  'graphiql.js': bundle.js,
  'graphiql.css': bundle.css,
  'editorWorkerService.js': bundle.editorWorkerService,
  'json.js': bundle.jsonWorker,
  'graphql.js': bundle.graphqlWorker,
};

mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(FILES))
  writeFileSync(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
