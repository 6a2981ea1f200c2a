/** No text changes between a caller and the database: what would is refused by the name of its field, everything else comes back. */
import type net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type WebSocket from 'ws';
import { ERROR_CODES } from '../../src/common/errors.js';
import { createSchema } from '../../src/gateway/schema.js';
import { ADMIN, type GatewayFixture, openGatewayFixture } from './fixture.js';
import { type Answer, codes, type Harness, KEY, post, RawSocket, startHarness } from './harness.js';
import { textInputs } from './text-inputs.js';

const inputs = textInputs(createSchema());
const TORN = ['\ud800', 'a\udfffb', '\ude00\ud83d', '\0', 'a\0b'];
const INEXACT = [2 ** 53, 2 ** 60, -(2 ** 53), 1e300, 1.5];
const ODD = [
  '\ufffe',
  '\uffff',
  '\ufffd',
  'e\u0301',
  '\u00e9',
  '\u202e',
  ' ',
  '\u{10ffff}',
  'a\ufeff',
  '\ufeffa',
  'x'.repeat(100_000),
];

interface Refused {
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

function expectRefusal(answer: Refused | undefined, field: string): void {
  expect(codes(answer ?? {})).toEqual(['BAD_USER_INPUT']);
  expect(answer?.errors?.[0].message).toContain(field);
}

it('finds the texts of the contract', () => {
  expect(inputs.length).toBeGreaterThan(60);
  for (const name of [
    'mutation generate: input.member.externalId',
    'mutation generate: input.history.0.content',
    'mutation generate: input.source.channelId',
    'subscription generationStream: input.key',
    'mutation configurePlugin: input.values.0.value',
    'query storage: prefix',
  ])
    expect(inputs.map((input) => input.name)).toContain(name);
});

describe('a text that would change', () => {
  let harness: Harness;
  let socket: RawSocket;
  beforeAll(async () => {
    harness = await startHarness({ operationsPerMinuteOfBot: 1_000_000 });
    socket = await RawSocket.connect(harness);
  });
  afterAll(async () => {
    socket.socket.close();
    await harness.stop();
  });

  async function overWebSocket(query: string, variables: Record<string, unknown>): Promise<Refused> {
    const id = String(socket.messages.length);
    socket.subscribe(id, query, variables);
    const message = await socket.until((one) => one.id === id && one.type !== 'complete');
    return message?.type === 'error' ? { errors: message.payload as Refused['errors'] } : (message?.payload as Refused);
  }

  it.each(inputs)('is refused by name, $name', async ({ type, field, operation, query, variables }) => {
    for (const text of [...TORN, ...(type === 'ID' ? INEXACT : [])]) {
      if (operation !== 'subscription') expectRefusal(await post(harness, query, variables(text)), field);
      expectRefusal(await overWebSocket(query, variables(text)), field);
      const inside = harness.gateway.executorFor(ADMIN);
      if (operation !== 'subscription')
        expectRefusal(await inside.execute({ query, variables: variables(text) }), field);
    }
  });

  it('is refused in a document too', async () => {
    const answers = [
      await post(harness, '{ memberById(id: "a\\u0000b") { id } }'),
      await overWebSocket('{ memberById(id: "a\\u0000b") { id } }', {}),
    ];
    for (const answer of answers) expectRefusal(answer, 'U+0000');
  });

  it('is no number that is exact', async () => {
    const query = 'query ($id: ID!) { memberById(id: $id) { id } }';
    for (const id of [0, 42, -1, Number.MAX_SAFE_INTEGER])
      expect((await post(harness, query, { id })).errors).toBeUndefined();
    const literal = await post(harness, '{ memberById(id: 123456789012345678901) { id } }');
    expect(literal.errors).toBeUndefined();
  });

  it('is refused as bytes that are no UTF-8', async () => {
    const head = Buffer.from('{ "query": "{ memberById(id: \\"');
    const tail = Buffer.from('\\") { id } }" }');
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      const answer = await raw(Buffer.concat([head, Buffer.from(bytes), tail]));
      expect([answer.status, codes(answer)]).toEqual([400, ['BAD_USER_INPUT']]);
      expect(answer.errors?.[0].message).toContain('UTF-8');
    }
    const whole = await raw(Buffer.concat([head, Buffer.from('é😀\ufffd'), tail]));
    expect([whole.status, whole.errors]).toEqual([200, undefined]);
  });

  it('is refused in the escapes of an address, and in another charset', async () => {
    const headers = { authorization: `Bearer ${KEY}`, 'apollo-require-preflight': '1' };
    const query = encodeURIComponent('query ($id: ID!) { memberById(id: $id) { id } }');
    const at = (id: string) =>
      fetch(`${harness.url}/graphql?query=${query}&variables=%7B%22id%22:%22${id}%22%7D`, { headers });
    expect((await at('%C3%A9')).status).toBe(200);
    expect((await at('%FF')).status).toBe(400);
    const body = JSON.stringify({ query: '{ viewer { scope } }' });
    expect(
      (await post(harness, '', {}, { body, headers: { 'content-type': 'application/json; charset=utf-8' } })).status,
    ).toBe(200);
    const latin = await post(
      harness,
      '',
      {},
      { body, headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
    );
    expect([latin.status, codes(latin)]).toEqual([400, ['BAD_USER_INPUT']]);
  });

  it('ends a WebSocket that sends it as bytes', async () => {
    const binary = await RawSocket.connect(harness);
    binary.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
    expect((await binary.closed).code).toBe(4400);
    const torn = await RawSocket.connect(harness);
    const { _socket } = torn.socket as WebSocket & { _socket: net.Socket };
    // A masked text frame of one byte, 0xff; the mask is zeros.
    _socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
    expect((await torn.closed).code).toBe(1007);
  });

  async function raw(body: Buffer<ArrayBuffer>): Promise<Answer> {
    const response = await fetch(`${harness.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: new Uint8Array(body),
    });
    return { status: response.status, headers: response.headers, ...((await response.json()) as object) };
  }
});

describe('any other text', () => {
  let world: GatewayFixture;
  beforeAll(async () => {
    world = await openGatewayFixture();
  });
  afterAll(() => world.close());

  // Of a member who is not there nothing is ever told, so there would be no answer to wait for.
  it.each(inputs.filter(({ name }) => name !== 'subscription trainingStatus: memberId'))(
    'is taken or refused, and breaks nothing, $name',
    async ({ query, variables }) => {
      const viewer = await world.viewer(KEY);
      for (const text of ODD) {
        const answer = await world.ask(viewer, query, variables(text));
        for (const code of codes(answer)) {
          expect(ERROR_CODES).toContain(code);
          expect(code).not.toBe('INTERNAL');
        }
      }
    },
  );

  it('comes back as it was given, and is one of its own', async () => {
    const texts = ODD.filter((text) => text.length < 100);
    const ids = new Set<string>();
    for (const text of texts) {
      const member = { platform: 'odd', externalId: text, scope: text };
      const input = { member, prompt: `${text}b`, source: { channelId: text, messageId: text }, maxTokens: 1 };
      const query =
        'mutation ($input: GenerateInput!) { generate(input: $input) { prompt member { id externalId scope } } }';
      const { data, errors } = await world.post(KEY, query, { input });
      expect(errors).toBeUndefined();
      const { prompt, member: made } = data?.generate ?? {};
      expect(prompt).toBe(`${text}b`);
      expect([made.externalId, made.scope]).toEqual([text, text]);
      ids.add(made.id);
    }
    expect(ids.size).toBe(texts.length);
    const { secret } = await world.botKey('odd');
    for (const text of texts) {
      const query = 'mutation ($key: String!, $value: String) { setStorage(key: $key, value: $value) }';
      expect((await world.post(secret, query, { key: text, value: text })).errors).toBeUndefined();
      const list = 'query ($prefix: String!) { storage(prefix: $prefix) { key value } }';
      const { data } = await world.post(secret, list, { prefix: text });
      expect(data?.storage).toContainEqual({ key: text, value: text });
    }
  });

  it.each(['Discord', 'discord ', ' ', '', '-slack', 'slack/x', 'ſlack', 'x'.repeat(65)])(
    'is no platform, "%s"',
    async (platform) => {
      const asked: [string, Record<string, unknown>][] = [
        [
          'mutation ($input: GenerateInput!) { generate(input: $input) { id } }',
          { input: { member: { platform, externalId: 'ada' }, prompt: 'x' } },
        ],
        ['query ($ref: MemberRef!) { member(ref: $ref) { id } }', { ref: { platform, externalId: 'ada' } }],
        [
          'mutation ($input: KeyInput!) { createKey(input: $input) { secret } }',
          { input: { name: 'bot', scope: 'BOT', platform } },
        ],
        ['query ($name: String!) { platform(name: $name) { name } }', { name: platform }],
        ['mutation ($name: String!) { setPlatform(name: $name, input: {}) { name } }', { name: platform }],
      ];
      for (const [query, variables] of asked)
        expect(codes(await world.post(KEY, query, variables)), query).toEqual(['BAD_USER_INPUT']);
    },
  );
});
