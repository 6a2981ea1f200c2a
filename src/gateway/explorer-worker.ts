/** Unpacks the explorer's program in a thread of its own and compresses it: nine megabytes that the main thread had better not parse. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import * as bundle from '@graphql-yoga/render-graphiql/graphiql';

/** A file of the explorer, as it is sent. */
export interface ExplorerFile {
  type: string;
  etag: string;
  /** Compressed with gzip. */
  body: Uint8Array<ArrayBuffer>;
}

const JAVASCRIPT = 'text/javascript; charset=utf-8';

/** By the last part of their address. */
const texts: [name: string, type: string, text: string][] = [
  ['graphiql.js', JAVASCRIPT, bundle.js],
  ['graphiql.css', 'text/css; charset=utf-8', bundle.css],
  ['editorWorkerService.js', JAVASCRIPT, bundle.editorWorkerService],
  ['json.js', JAVASCRIPT, bundle.jsonWorker],
  ['graphql.js', JAVASCRIPT, bundle.graphqlWorker],
];

const files = texts.map(([name, type, text]): [string, ExplorerFile] => {
  const body = new Uint8Array(gzipSync(text));
  return [name, { type, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`, body }];
});
parentPort?.postMessage(
  files,
  files.map(([, { body }]) => body.buffer),
);
