import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobView } from './echo-services.js';
import { eventually, type Harness, KEY, post, RawSocket, startHarness } from './harness.js';

let harness: Harness;
beforeEach(async () => {
  harness = await startHarness({ subscriptionsPerConnection: 3, pendingEvents: 50 });
});
afterEach(() => harness.stop());

const STREAM = `subscription ($input: GenerateInput!) { generationStream(input: $input) { __typename
  ... on GenerationStarted { generationId candidates { id index } } ... on CandidateDelta { candidateId text }
  ... on GenerationFinished { generation { id candidates { id text finishReason } } } } }`;
const input = (prompt: string) => ({ input: { member: { platform: 'test', externalId: 'ada' }, prompt } });
const TRAINING = 'subscription { trainingStatus { id status step } }';

type Event = { data: { generationStream: Record<string, unknown> & { __typename: string } } };
const eventsOf = (raw: RawSocket, id: string) =>
  raw.messages
    .filter((message) => message.id === id && message.type === 'next')
    .map((message) => (message.payload as unknown as Event).data.generationStream);

describe('connecting', () => {
  it.each([
    ['no parameters', undefined],
    ['a wrong key', { authorization: 'Bearer wrong' }],
    ['a key that is no text', { authorization: 1 }],
  ])('closes with 4401 and a code on %s', async (_, params) => {
    const raw = new RawSocket(harness.url);
    await new Promise<void>((resolve) => raw.socket.once('open', () => resolve()));
    raw.send({ type: 'connection_init', payload: params });
    const { code, reason } = await raw.closed;
    expect(code).toBe(4401);
    expect(reason).toContain('UNAUTHENTICATED');
    expect(raw.messages).toEqual([]);
  });

  it('runs nothing before the key is there', async () => {
    const raw = new RawSocket(harness.url);
    await new Promise<void>((resolve) => raw.socket.once('open', () => resolve()));
    raw.subscribe('1', '{ viewer { scope } }');
    expect((await raw.closed).code).toBe(4401);
  });

  it('takes the key from the upgrade request too', async () => {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(`${harness.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { authorization: `Bearer ${KEY}` },
    });
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    const message = await new Promise((resolve) => socket.on('message', (data) => resolve(JSON.parse(String(data)))));
    expect(message).toEqual({ type: 'connection_ack' });
    socket.close();
  });

  it('refuses other paths, other protocols and messages that are not of the protocol', async () => {
    expect((await new RawSocket(harness.url, '/elsewhere').closed).code).toBe(1006);
    const raw = await RawSocket.connect(harness);
    raw.send('no json');
    expect((await raw.closed).code).toBe(4400);
    const big = await RawSocket.connect(harness);
    big.send(`"${'x'.repeat(2_000_000)}"`);
    expect((await big.closed).code).toBe(1009);
    expect((await fetch(`${harness.url}/healthz`)).status).toBe(200);
  });
});

describe('generationStream', () => {
  it('tells the places, then the text, then the stored generation', async () => {
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', STREAM, input('one two three'));
    await raw.until((message) => message.type === 'complete');
    const events = eventsOf(raw, '1');
    expect(events[0]).toMatchObject({ __typename: 'GenerationStarted', generationId: 'generation-1' });
    const places = events[0].candidates as { id: string; index: number }[];
    expect(places.map((place) => place.index)).toEqual([0, 1]);
    for (const place of places) {
      const text = events.filter((event) => event.candidateId === place.id).map((event) => event.text);
      expect(text.join('')).toBe('one two three');
    }
    expect(events.at(-1)).toMatchObject({ __typename: 'GenerationFinished', generation: { id: 'generation-1' } });
    raw.socket.close();
  });

  it('is cancelled when the reader completes it', async () => {
    harness.services.wordMs = 5;
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', STREAM, input('word '.repeat(500)));
    await raw.until((message) => message.type === 'next');
    raw.send({ id: '1', type: 'complete' });
    await eventually(() => harness.services.cancelled.length === 1);
    raw.socket.close();
  });

  it('is cancelled when the connection breaks', async () => {
    harness.services.wordMs = 5;
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', STREAM, input('word '.repeat(500)));
    await raw.until((message) => message.type === 'next');
    raw.socket.terminate();
    await eventually(() => harness.services.cancelled.length === 1);
  });

  it('finishes with what is there when somebody else cancels it', async () => {
    harness.services.wordMs = 5;
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', STREAM, input('word '.repeat(500)));
    await raw.until((message) => message.type === 'next');
    const answer = await post(
      harness,
      'mutation { cancelGeneration(id: "generation-1") { id candidates { finishReason } } }',
    );
    expect(answer.data?.cancelGeneration).toMatchObject({
      candidates: [{ finishReason: 'CANCELLED' }, { finishReason: 'CANCELLED' }],
    });
    await raw.until((message) => message.type === 'complete');
    expect(eventsOf(raw, '1').at(-1)).toMatchObject({ __typename: 'GenerationFinished' });
    raw.socket.close();
  });

  it('carries the errors of the start and of the way, with codes and without insides', async () => {
    const raw = await RawSocket.connect(harness);
    raw.subscribe('start', STREAM, input('full'));
    const start = await raw.until((message) => message.id === 'start' && message.type !== 'complete');
    expect(JSON.stringify(start?.payload)).toContain('"code":"LIMIT_EXCEEDED","retryAfterMs":1500');
    raw.subscribe('way', STREAM, input('break it'));
    const way = await raw.until((message) => message.id === 'way' && message.type === 'error');
    expect(JSON.stringify(way?.payload)).toContain('"code":"INTERNAL"');
    expect(JSON.stringify(raw.messages)).not.toContain('secret');
    raw.socket.close();
  });

  it('does not pile up text for a reader who does not read', async () => {
    harness.services.wordMs = 0;
    const raw = await RawSocket.connect(harness);
    // Stops reading from the operating system: what the gateway sends fills the buffers in between and no more.
    (raw.socket as unknown as { _socket: { pause(): void; resume(): void } })._socket.pause();
    const words = 400;
    const prompt = Array(words).fill('x'.repeat(2_000)).join(' ');
    raw.subscribe('1', STREAM, { input: { ...input(prompt).input, candidateCount: 8 } });
    while ((await harness.services.generations.byId('generation-1')) === null)
      await new Promise((resolve) => setTimeout(resolve, 10));
    (raw.socket as unknown as { _socket: { resume(): void } })._socket.resume();
    await raw.until((message) => message.type === 'complete');
    const events = eventsOf(raw, '1');
    const text = events.filter((event) => event.candidateId === 'generation-1/0').map((event) => event.text);
    expect(text.join('')).toBe(prompt);
    // Fewer pieces than were written: what could not be sent was put together.
    expect(events.length).toBeLessThan(words * 8);
    raw.socket.close();
  });
});

describe('watching', () => {
  it('delivers every change to a reader who keeps up', async () => {
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', TRAINING);
    // The gateway itself counts trainings.
    await eventually(() => harness.services.events.listenerCount('job') === 2);
    for (const step of [1, 2, 3]) {
      harness.services.events.emit('job', jobView('a', { step }));
      await raw.until((message) => JSON.stringify(message.payload)?.includes(`"step":${step}`) ?? false);
    }
    expect(raw.messages.filter((message) => message.type === 'next')).toHaveLength(3);
    raw.send({ id: '1', type: 'complete' });
    await eventually(() => harness.services.events.listenerCount('job') === 1);
    raw.socket.close();
  });

  it('lets go of the source when the connection breaks', async () => {
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', 'subscription { poolStatus { ready } }');
    await eventually(() => harness.services.events.listenerCount('pool') === 1);
    raw.socket.terminate();
    await eventually(() => harness.services.events.listenerCount('pool') === 0);
  });

  it('bounds what one connection may have open, and frees places', async () => {
    const raw = await RawSocket.connect(harness);
    for (const id of ['1', '2', '3', '4']) raw.subscribe(id, TRAINING);
    const refused = await raw.until((message) => message.type === 'error');
    expect(refused?.id).toBe('4');
    expect(JSON.stringify(refused?.payload)).toContain('LIMIT_EXCEEDED');
    raw.send({ id: '1', type: 'complete' });
    raw.subscribe('5', '{ viewer { scope } }');
    expect(await raw.until((message) => message.id === '5')).toMatchObject({
      payload: { data: { viewer: { scope: 'ADMIN' } } },
    });
    raw.socket.close();
  });

  it('holds the same limits as HTTP', async () => {
    const raw = await RawSocket.connect(harness);
    const aliases = Array.from({ length: 40 }, (_, i) => `a${i}: viewer { scope }`).join(' ');
    raw.subscribe('aliases', `{ ${aliases} }`);
    raw.subscribe('syntax', '{');
    expect(JSON.stringify(await raw.until((message) => message.id === 'aliases'))).toContain('"limit":"aliases"');
    expect(JSON.stringify(await raw.until((message) => message.id === 'syntax'))).toContain('BAD_USER_INPUT');
    raw.socket.close();
  });
});

describe('stopping', () => {
  it('says goodbye, ends generations and closes the port', async () => {
    harness.services.wordMs = 5;
    const raw = await RawSocket.connect(harness);
    raw.subscribe('1', STREAM, input('word '.repeat(500)));
    await raw.until((message) => message.type === 'next');
    await harness.stop();
    expect((await raw.closed).code).toBe(1001);
    await eventually(() => harness.services.cancelled.length === 1);
    await expect(fetch(`${harness.url}/healthz`)).rejects.toThrow();
  });

  it('can be asked twice', async () => {
    await Promise.all([harness.stop(), harness.stop()]);
  });
});
