/** Slack's requests over HTTP, looked at before the SDK reads them: it ends the process over some, and takes others too late or too early. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** Seconds by which Slack's clock and ours may differ, in either direction. */
const WINDOW = 300;
const BODY_BYTES = 4_194_304;
/** The body `null`, alone or as a form's payload, is short. */
const SHORT = 100;

export function lookedAt(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (request.method !== 'POST') return listener(request, response);
    // What the SDK has no place for it tells by throwing.
    look(request, response, listener).catch(() => end(response, 404));
  };
}

async function look(request: IncomingMessage, response: ServerResponse, listener: RequestListener): Promise<void> {
  const at = request.headers['x-slack-request-timestamp'];
  if (at !== undefined && !(Math.abs(Date.now() / 1_000 - Number(at)) <= WINDOW)) return end(response, 401);
  const body = await readBody(request);
  if (body === undefined) return end(response, 413);
  if (body === null || isNothing(body)) return end(response, 400);
  // The SDK takes a body that was read already from here.
  Object.assign(request, { rawBody: body });
  listener(request, response);
}

/** Null where the caller went away; undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | null | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += (chunk as Buffer).length;
      if (length > BODY_BYTES) return undefined;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function isNothing(body: Buffer): boolean {
  if (body.length > SHORT) return false;
  const text = body.toString().trim();
  return text === 'null' || new URLSearchParams(text).get('payload')?.trim() === 'null';
}

function end(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status, { connection: 'close' });
  response.end();
}
