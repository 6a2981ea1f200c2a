/** `palate chat` over a pipe, against a gateway: what is typed goes in, a transcript comes out. */
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { converse } from '../../src/cli/chat/conversation.js';
import { PipeTerminal } from '../../src/cli/chat/terminal.js';
import { tune } from '../../src/cli/chat/tune.js';
import { createPalateClient, type MemberRef, type PalateClient } from '../../src/client/index.js';
import { type GatewayFixture, openGatewayFixture } from '../gateway/fixture.js';
import { KEY } from '../gateway/harness.js';

let world: GatewayFixture;
let client: PalateClient;
beforeAll(async () => {
  world = await openGatewayFixture();
  client = createPalateClient({ url: world.url, key: KEY });
});
afterAll(async () => {
  await client.close();
  await world.close();
});

async function typed(lines: string[], run: (terminal: PipeTerminal) => Promise<void>): Promise<string> {
  const input = new PassThrough();
  const output = new PassThrough();
  const written: Buffer[] = [];
  output.on('data', (chunk: Buffer) => written.push(chunk));
  input.end(`${lines.join('\n')}\n`);
  await run(new PipeTerminal(input, output));
  return Buffer.concat(written).toString();
}

let talkers = 0;

function talk(
  lines: string[],
  maxTokens: number,
  member: MemberRef = { platform: 'terminal', externalId: `talker ${++talkers}` },
): Promise<string> {
  return typed(lines, (terminal) => converse(client, terminal, { member, maxTokens, seed: 1 }));
}

describe('palate chat', () => {
  it('goes on with a reply that was cut, and says how', async () => {
    const transcript = await talk(['/continue', 'tell me a long story', '1', '/continue', '/continue'], 2);
    expect(transcript).toContain('no reply of this conversation was cut at its longest');
    const told = 'cut at 2 tokens: /continue goes on with it, --tokens makes replies longer';
    expect(transcript.split(told).length - 1).toBeGreaterThanOrEqual(2);
    expect(transcript).not.toMatch(/does not take|not there/);
  });

  it('says what there is to type when it is asked, and when something else is typed', async () => {
    const [asked, mistyped] = [await talk(['/help'], 2), await talk(['/hepl'], 2)];
    expect(asked).not.toContain('There is no');
    expect(mistyped).toContain('There is no /hepl.');
    for (const transcript of [asked, mistyped]) expect(transcript.split('/undo').length).toBeGreaterThan(2);
  });

  it('goes on after what the service refuses, and says what that was', async () => {
    const transcript = await talk(['x'.repeat(20_000), '', 'hello', '1'], 8);
    expect(transcript).toMatch(/This is too long\. |The service does not take this\. /);
    expect(transcript).toContain('> 1');
  });

  it('says in words that nothing is learned any more when the only vote is taken back', async () => {
    const transcript = await talk(['hello', '1', '/undo', 'and now?'], 8);
    expect(transcript).toContain('the vote is taken back');
    expect(transcript).toMatch(/version 1 → 2: nothing is learned from votes any more/);
    expect(transcript).toContain('nothing learned any more (version 2)');
    expect(transcript).not.toMatch(/\b0 (steps|pairs|votes)\b/);
  });
});

describe('where members are asked before anything is learned from them', () => {
  const platform = 'asks-first';
  beforeAll(() => client.setPlatform(platform, { asksConsent: true }));
  const learnOf = async (externalId: string) => (await client.member({ platform, externalId }))?.consent.learn;

  it('the first vote asks, and what waited counts after a yes', async () => {
    const lines = ['hello', '1', 'y', 'hello again', '2'];
    const transcript = await talk(lines, 8, { platform, externalId: 'agrees' });
    expect(transcript.split('May it learn from your votes?')).toHaveLength(2);
    expect(transcript).toContain('those that were waiting count too');
    expect(await learnOf('agrees')).toBe('GRANTED');
  });

  it('whoever does not decide is not asked with every vote, and can decide later', async () => {
    const lines = ['hello', '1', '', 'hello again', '2', '/consent', 'n', ''];
    const transcript = await talk(lines, 8, { platform, externalId: 'wonders' });
    expect(transcript.split('May it learn from your votes?')).toHaveLength(3);
    expect(transcript.match(/it counts once you have agreed/g)).toHaveLength(2);
    expect(await learnOf('wonders')).toBe('DENIED');
  });

  const round = (externalId: string, ...lines: string[]) =>
    typed(lines, (terminal) => tune(client, terminal, { member: { platform, externalId }, maxTokens: 4, seed: 1 }));

  it('a tuning round asks before its first question, and there is none without a yes', async () => {
    const refused = await round('no', 'n');
    expect(refused).toMatch(/So it asks first:.*there is none/s);
    expect(refused).not.toContain('1/10');
    expect(await learnOf('no')).toBe('DENIED');
    expect(await round('undecided', '')).not.toContain('1/10');
    expect((await learnOf('undecided')) ?? 'UNASKED').toBe('UNASKED');
  });

  it('a tuning round after a yes counts, and the next one does not ask again', async () => {
    const transcript = await round('yes', 'y', '1');
    expect(transcript.indexOf('your votes count from now on')).toBeLessThan(transcript.indexOf('1/10'));
    expect(transcript).toMatch(/version 0 → 1/);
    expect(await round('yes')).not.toContain('May it learn');
  });

  it('a tuning round elsewhere asks nothing', async () => {
    const member = { platform: 'terminal', externalId: 'tuner' };
    const transcript = await typed([], (terminal) => tune(client, terminal, { member, maxTokens: 4, seed: 1 }));
    expect(transcript).toContain('1/10');
    expect(transcript).not.toContain('May it learn');
  });
});
