import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isFromThisMachine } from '../../src/gateway/metrics.js';
import { jobView } from './echo-services.js';
import { eventually, type Harness, KEY, post, RawSocket, startHarness } from './harness.js';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

const GENERATE = 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }';
const input = (prompt: string) => ({ input: { member: { platform: 'test', externalId: 'ada' }, prompt } });

async function read(): Promise<string> {
  return (await fetch(`${harness.url}/metrics`)).text();
}

/** The value of one line; 0 for one that is not there yet. */
function lineValue(text: string, line: string): number {
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? 0 : Number(found.slice(line.length + 1));
}

describe('who may read /metrics', () => {
  const local = { host: '127.0.0.1:4000' };
  it.each([
    ['a program on this machine', '127.0.0.1', local, true],
    ['one that uses IPv6', '::1', { host: '[::1]:4000' }, true],
    ['one that uses IPv4 over IPv6', '::ffff:127.0.0.1', { host: 'localhost:4000' }, true],
    ['another machine', '192.168.1.7', local, false],
    ['another machine that says it is this one', '8.8.8.8', { ...local, 'x-forwarded-for': '127.0.0.1' }, false],
    ['a proxy on this machine', '127.0.0.1', { ...local, 'x-forwarded-for': '8.8.8.8' }, false],
    ['a proxy that says so in another way', '127.0.0.1', { ...local, forwarded: 'for=8.8.8.8' }, false],
    ['a web page under a name of its own', '127.0.0.1', { host: 'evil.example:4000' }, false],
    ['a web page that says where it is from', '127.0.0.1', { ...local, origin: 'https://evil.example' }, false],
    ['nobody', undefined, local, false],
  ])('%s', (_, remoteAddress, headers, expected) => {
    expect(isFromThisMachine({ socket: { remoteAddress }, headers })).toBe(expected);
  });

  it('wants the admin key from everybody else', async () => {
    const ask = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        httpRequest(`${harness.url}/metrics`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await ask({})).toBe(200);
    expect(await ask({ host: 'palate.example' })).toBe(401);
    expect(await ask({ host: 'palate.example', authorization: `Bearer ${KEY}` })).toBe(200);
    expect(await ask({ authorization: 'Bearer nobody-has-this-key' })).toBe(401);
  });
});

describe('/metrics', () => {
  it('counts generations, replies, tokens and how long they took', async () => {
    const before = await read();
    await post(harness, GENERATE, input('one two'));
    await post(harness, GENERATE, input('break it'));
    const after = await read();
    const grown = (line: string) => lineValue(after, line) - lineValue(before, line);
    expect(grown('palate_generations_total{outcome="finished"}')).toBe(1);
    expect(grown('palate_generations_total{outcome="failed"}')).toBe(1);
    expect(grown('palate_replies_total{reason="STOP"}')).toBe(2);
    expect(grown('palate_tokens_total')).toBe(2);
    expect(grown('palate_generation_seconds_count')).toBe(1);
  });

  it('counts errors by code, whichever way they went', async () => {
    const before = await read();
    await post(harness, '{ pool { nonsense } }');
    await fetch(`${harness.url}/graphql`, { method: 'POST' });
    await post(harness, GENERATE, input('full'));
    const socket = await RawSocket.connect(harness);
    socket.subscribe('1', '{ pool { nonsense } }');
    await socket.until((message) => message.type === 'error');
    socket.socket.close();
    const after = await read();
    const grown = (code: string) =>
      lineValue(after, `palate_errors_total{code="${code}"}`) -
      lineValue(before, `palate_errors_total{code="${code}"}`);
    expect([grown('BAD_USER_INPUT'), grown('UNAUTHENTICATED'), grown('LIMIT_EXCEEDED')]).toEqual([2, 1, 1]);
  });

  it('counts a request that breaks off as a fault of its sender, not of ours', async () => {
    const before = await read();
    const line = (code: string) => `palate_errors_total{code="${code}"}`;
    const head = [
      'POST /graphql HTTP/1.1',
      'Host: here',
      'Content-Type: application/json',
      `Authorization: Bearer ${KEY}`,
    ];
    const socket = connect(Number(new URL(harness.url).port));
    socket.write(`${[...head, 'Content-Length: 1000'].join('\r\n')}\r\n\r\n{"query":`, () => socket.destroy());
    let after = before;
    await expect
      .poll(async () => {
        after = await read();
        return lineValue(after, line('BAD_USER_INPUT')) - lineValue(before, line('BAD_USER_INPUT'));
      })
      .toBe(1);
    expect(lineValue(after, line('INTERNAL'))).toBe(lineValue(before, line('INTERNAL')));
  });

  it('counts trainings as they end, and not the one that had ended before', async () => {
    const succeeded = 'palate_trainings_total{status="SUCCEEDED"}';
    harness.services.events.emit('job', jobView('before', { status: 'SUCCEEDED', durationMs: 40 }));
    harness.services.events.emit('job', jobView('now'));
    harness.services.events.emit('job', jobView('now', { status: 'SUCCEEDED', durationMs: 40 }));
    harness.services.events.emit('job', jobView('other', { status: 'REJECTED', durationMs: 2_000 }));
    let text = '';
    await eventually(() => {
      void read().then((read) => {
        text = read;
      });
      return lineValue(text, 'palate_trainings_total{status="REJECTED"}') === 1;
    });
    expect(lineValue(text, succeeded)).toBe(1);
    expect(lineValue(text, 'palate_training_seconds_bucket{le="0.05"}')).toBe(1);
    expect(lineValue(text, 'palate_training_seconds_sum')).toBeCloseTo(2.04);
  });

  it('shows the pool, the queues and the event loop', async () => {
    harness.services.pool_ = { ...harness.services.pool_, busySlots: 3, queued: 5, trainingQueued: 2 };
    const text = await read();
    expect(lineValue(text, 'palate_ready')).toBe(1);
    expect(lineValue(text, 'palate_slots')).toBe(4);
    expect(lineValue(text, 'palate_slots_busy')).toBe(3);
    expect(lineValue(text, 'palate_replies_queued')).toBe(5);
    expect(lineValue(text, 'palate_trainings_queued')).toBe(2);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it('tells nothing of anybody', async () => {
    await post(harness, GENERATE, input('a-secret-prompt'));
    expect(await read()).not.toMatch(/ada|a-secret-prompt|generation-\d/);
  });
});
