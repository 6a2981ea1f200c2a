/** `palate chat` over a pipe, against a gateway: what is typed goes in, a transcript comes out. */
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { converse } from '../../src/cli/chat/conversation.js';
import { PipeTerminal } from '../../src/cli/chat/terminal.js';
import { createPalateClient, type PalateClient } from '../../src/client/index.js';
import { KEY } from '../gateway/harness.js';
import { openWorld, type World } from '../gateway/world.js';

let world: World;
let client: PalateClient;
beforeAll(async () => {
  world = await openWorld();
  client = createPalateClient({ url: world.url, key: KEY });
});
afterAll(async () => {
  await client.close();
  await world.close();
});

async function talk(lines: string[], maxTokens: number): Promise<string> {
  const input = new PassThrough();
  const output = new PassThrough();
  const written: Buffer[] = [];
  output.on('data', (chunk: Buffer) => written.push(chunk));
  input.end(`${lines.join('\n')}\n`);
  const member = { platform: 'terminal', externalId: `of ${lines.length} lines` };
  await converse(client, new PipeTerminal(input, output), { member, maxTokens, seed: 1 });
  return Buffer.concat(written).toString();
}

describe('palate chat', () => {
  it('goes on with a reply that was cut, and says how', async () => {
    const transcript = await talk(['/continue', 'tell me a long story', '1', '/continue', '/continue'], 2);
    expect(transcript).toContain('no reply of this conversation was cut at its longest');
    const told = 'cut at 2 tokens: /continue goes on with it, --tokens makes replies longer';
    expect(transcript.split(told).length - 1).toBeGreaterThanOrEqual(2);
    expect(transcript).not.toMatch(/does not take|not there/);
  });

  it('goes on after what the service refuses, and says what that was', async () => {
    const transcript = await talk(['x'.repeat(20_000), '', 'hello', '1'], 8);
    expect(transcript).toMatch(/This is too long\. |The service does not take this\. /);
    expect(transcript).toContain('> 1');
  });
});
