/** The explorer for browsers: the contract as a manual and an editor for operations, at GET /graphql, without the network. */
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gunzip, gzipSync } from 'node:zlib';
import { PalateError } from '../common/errors.js';
import { EXPLORER_PATH, explorerPage, explorerPolicy, PAGE_SCRIPT, PAGE_STYLE } from './explorer-page.js';
import type { ExplorerFile } from './explorer-worker.js';

export { EXPLORER_PATH };

/** Whether a request comes from somebody who opened the address in a browser, and not from a program that wants data. */
export function isForExplorer({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  return headers.authorization === undefined && /\btext\/html\b/.test(headers.accept ?? '');
}

/** The page; it is for everybody, because it says nothing before it has a key. */
export function sendExplorer(response: ServerResponse): void {
  const nonce = randomBytes(16).toString('base64');
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': explorerPolicy(nonce),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
  });
  response.end(explorerPage(nonce));
}

/** @throws PalateError NOT_FOUND for a name that is none of the page's files */
export async function sendExplorerFile(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
): Promise<void> {
  const file = OWN_FILES.get(name) ?? (await bundledFiles()).get(name);
  if (!file) throw new PalateError('NOT_FOUND', `There is nothing at ${EXPLORER_PATH}${name}.`);
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('ETag', file.etag);
  response.setHeader('Vary', 'Accept-Encoding');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  // A worker obeys the policy that its own file came with.
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304).end();
    return;
  }
  const compressed = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  response.writeHead(200, { 'Content-Type': file.type, ...(compressed && { 'Content-Encoding': 'gzip' }) });
  response.end(compressed ? file.body : await promisify(gunzip)(file.body));
}

const OWN_FILES: ReadonlyMap<string, ExplorerFile> = new Map([
  ['page.js', ownFile('text/javascript; charset=utf-8', PAGE_SCRIPT)],
  ['page.css', ownFile('text/css; charset=utf-8', PAGE_STYLE)],
]);

function ownFile(type: string, text: string): ExplorerFile {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  return { type, etag, body: new Uint8Array(gzipSync(text)) };
}

let bundled: Promise<ReadonlyMap<string, ExplorerFile>> | undefined;

/** The editor's files, unpacked when they are first asked for. */
function bundledFiles(): Promise<ReadonlyMap<string, ExplorerFile>> {
  bundled ??= unpack().catch((error: unknown) => {
    bundled = undefined;
    throw error;
  });
  return bundled;
}

function unpack(): Promise<ReadonlyMap<string, ExplorerFile>> {
  // The worker has this file's own extension: TypeScript from sources, JavaScript when built.
  const worker = new Worker(new URL(`./explorer-worker${extname(import.meta.url)}`, import.meta.url));
  return new Promise((resolve, reject) => {
    worker.once('message', (files: [string, ExplorerFile][]) => resolve(new Map(files)));
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The thread that unpacks the explorer ended without its files.')));
  });
}
