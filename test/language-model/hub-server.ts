/** A local server that answers like the Hugging Face hub for one file: size, version, ranges; and fails as it is told to. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubServer {
  url: string;
  /** What was asked for, in order: path, range, and key. */
  requests: { path: string; range?: string; authorization?: string }[];
  /** Connections to cut after half of what was asked for. */
  cuts: number;
  /** Status to answer with instead, where set. */
  status?: number;
  /** The version it states; the SHA-256 of the file unless told. */
  version: string;
  close(): Promise<void>;
}

export async function startHub(path: string, content: Buffer): Promise<HubServer> {
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const hub: HubServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    cuts: 0,
    version: createHash('sha256').update(content).digest('hex'),
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { range, authorization } = request.headers;
    hub.requests.push({ path: request.url ?? '', range, authorization });
    if (hub.status) return void response.writeHead(hub.status).end();
    if (request.url !== path) return void response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
    const [first, last] = bounds(range, content.length);
    const body = content.subarray(first, last + 1);
    response.writeHead(range ? 206 : 200, {
      'Content-Length': body.length,
      'Content-Range': `bytes ${first}-${last}/${content.length}`,
      'X-Linked-ETag': `"${hub.version}"`,
      ETag: '"something else"',
    });
    if (body.length > 1 && hub.cuts > 0) {
      hub.cuts--;
      // Half of it, then a broken connection once that half is on its way.
      response.write(body.subarray(0, body.length / 2), () => setTimeout(() => response.destroy(), 50));
    } else {
      response.end(body);
    }
  };
  return hub;
}

function bounds(range: string | undefined, size: number): [first: number, last: number] {
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  return match ? [Number(match[1]), match[2] ? Math.min(Number(match[2]), size - 1) : size - 1] : [0, size - 1];
}
