import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { authenticateAdmin } from '../../src/gateway/auth.js';
import { createGateway } from '../../src/gateway/gateway.js';
import { EchoServices } from './echo-services.js';
import { KEY, post, RawSocket, startHarness } from './harness.js';

const open = (host: string, port: number) =>
  createGateway({
    settings: { host, port, limits: DEFAULT_LIMITS, allowedOrigins: [] },
    services: new EchoServices(),
    authenticate: authenticateAdmin(KEY),
    log: pino({ level: 'silent' }),
  });

it('says what to do when its port is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const gateway = open('127.0.0.1', port);
  await expect(gateway.start()).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('PALATE_PORT'),
  });
  await gateway.stop();
  other.close();
});

it('says what to do when the address is not of this machine', async () => {
  const gateway = open('192.0.2.1', 0);
  await expect(gateway.start()).rejects.toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('PALATE_HOST'),
  });
  await gateway.stop();
});

it('starts once, however often it is asked, and can be stopped before', async () => {
  const gateway = open('127.0.0.1', 0);
  await Promise.all([gateway.start(), gateway.start()]);
  expect(gateway.port).toBeGreaterThan(0);
  await gateway.stop();
  await open('127.0.0.1', 0).stop();
});

it('answers requests that are under way before it stops', async () => {
  const harness = await startHarness();
  harness.services.wordMs = 40;
  const input = { member: { platform: 'test', externalId: 'ada' }, prompt: 'one two three four' };
  const call = post(harness, 'mutation ($input: GenerateInput!) { generate(input: $input) { candidates { text } } }', {
    input,
  });
  while (harness.services.started.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const stopped = harness.stop();
  expect((await call).data).toEqual({ generate: { candidates: [{ text: input.prompt }, { text: input.prompt }] } });
  await stopped;
});

it('holds only so many WebSocket connections', async () => {
  const harness = await startHarness({ connections: 2 });
  const held = [await RawSocket.connect(harness), await RawSocket.connect(harness)];
  expect((await new RawSocket(harness.url).closed).code).toBe(1006);
  held[0].socket.close();
  await held[0].closed;
  const next = await RawSocket.connect(harness);
  next.socket.close();
  await harness.stop();
});
