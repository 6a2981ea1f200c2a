/** The console for browsers: its built files, served under a policy that lets the page run nothing inline and ask nobody else. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { PalateError } from '../common/errors.js';
import { installationFolder } from '../common/installation.js';
import { FRONT_PAGE } from './front-page.js';

/** Where the page's files are; their names carry a digest of their content. */
export const CONSOLE_PATH = '/assets/';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

type Encoding = 'br' | 'gzip' | 'identity';

interface ConsoleFile {
  type: string;
  bytes: Buffer;
  /** Each made when it is first asked for. */
  encoded: Map<Encoding, Promise<Buffer>>;
}

let built: Promise<ReadonlyMap<string, ConsoleFile>> | undefined;

/** The page, or a page that says that it was not built. It is for everybody, because it says nothing before it has a key. */
export async function sendConsole(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const page = (await files()).get('index.html') ?? NOT_BUILT;
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('Content-Security-Policy', POLICY);
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Referrer-Policy', 'no-referrer');
  const etag = `"${createHash('sha256').update(page.bytes).digest('base64url').slice(0, 22)}"`;
  response.setHeader('ETag', etag);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  await send(request, response, page);
}

/** @throws PalateError NOT_FOUND for a name that is none of the page's files */
export async function sendConsoleFile(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
  const file = (await files()).get(`assets/${name}`);
  if (!file) throw new PalateError('NOT_FOUND', `There is nothing at ${CONSOLE_PATH}${name}. Load the page again.`);
  response.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  await send(request, response, file);
}

async function send(request: IncomingMessage, response: ServerResponse, file: ConsoleFile): Promise<void> {
  const encoding = encodingFor(request.headers['accept-encoding']);
  let body = file.encoded.get(encoding);
  if (!body) {
    body = encode(file.bytes, encoding);
    file.encoded.set(encoding, body);
  }
  const bytes = await body;
  response.writeHead(200, {
    'Content-Type': file.type,
    'Content-Length': bytes.length,
    Vary: 'Accept-Encoding',
    ...(encoding !== 'identity' && { 'Content-Encoding': encoding }),
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

function encodingFor(accepted: string | string[] | undefined): Encoding {
  const text = String(accepted ?? '');
  if (/\bbr\b/.test(text)) return 'br';
  return /\bgzip\b/.test(text) ? 'gzip' : 'identity';
}

async function encode(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'gzip') return promisify(gzip)(bytes, { level: 9 });
  if (encoding === 'br') return promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  return bytes;
}

/** Everything that was built, read once: nothing of the file system can be named in a request. */
function files(): Promise<ReadonlyMap<string, ConsoleFile>> {
  built ??= readBuilt(join(installationFolder(), 'dist', 'console'));
  return built;
}

async function readBuilt(folder: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const found = new Map<string, ConsoleFile>();
  const assets = await readdir(join(folder, 'assets')).catch(() => []);
  for (const name of assets) {
    const type = TYPES[extname(name)];
    if (type) found.set(`assets/${name}`, fileOf(type, await readFile(join(folder, 'assets', name))));
  }
  if (found.size > 0) found.set('index.html', fileOf(HTML, await readFile(join(folder, 'index.html'))));
  return found;
}

function fileOf(type: string, bytes: Buffer): ConsoleFile {
  return { type, bytes, encoded: new Map() };
}

const HTML = 'text/html; charset=utf-8';
const NOT_BUILT = fileOf(HTML, Buffer.from(FRONT_PAGE));
