/** The explorer for browsers: the contract as a manual and an editor for operations, at GET /graphql, without the network. */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzipSync } from 'node:zlib';
import { PalateError } from '../common/errors.js';
import { installationFolder } from '../common/installation.js';
import { EXPLORER_PATH, explorerPage, explorerPolicy, PAGE_SCRIPT, PAGE_STYLE } from './explorer-page.js';

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
  const file = OWN_FILES.get(name) ?? (await builtFiles()).get(name);
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

/** A file of the explorer, as it is sent. */
interface ExplorerFile {
  type: string;
  etag: string;
  /** Compressed with gzip. */
  body: Buffer;
}

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

const OWN_FILES: ReadonlyMap<string, ExplorerFile> = new Map([
  ['page.js', explorerFile(JAVASCRIPT, gzipSync(PAGE_SCRIPT))],
  ['page.css', explorerFile(CSS, gzipSync(PAGE_STYLE))],
]);

function explorerFile(type: string, body: Buffer): ExplorerFile {
  return { type, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`, body };
}

let built: Promise<ReadonlyMap<string, ExplorerFile>> | undefined;

/** The editor's files as the build left them, read when they are first asked for: nothing of the file system can be named in a request. */
function builtFiles(): Promise<ReadonlyMap<string, ExplorerFile>> {
  built ??= readBuilt(join(installationFolder(), 'dist', 'explorer'));
  return built;
}

async function readBuilt(folder: string): Promise<ReadonlyMap<string, ExplorerFile>> {
  const found = new Map<string, ExplorerFile>();
  for (const packed of await readdir(folder).catch(() => [])) {
    const name = packed.replace(/\.gz$/, '');
    const type = name.endsWith('.css') ? CSS : JAVASCRIPT;
    found.set(name, explorerFile(type, await readFile(join(folder, packed))));
  }
  return found;
}
