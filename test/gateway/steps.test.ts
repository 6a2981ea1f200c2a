/** One way for every operation: whatever is wrong with it, each transport refuses it for the same reason, the earliest step's. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Authenticate, Viewer } from '../../src/gateway/auth.js';
import { STEPS } from '../../src/gateway/steps/steps.js';
import { codes, type Harness, KEY, post, RawSocket, startHarness } from './harness.js';

const BOT: Viewer = { scope: 'BOT', platform: 'test', memberId: null, owner: 'bot' };
/** Like the bot, but for what it may use. */
const SPENT: Viewer = { ...BOT, owner: 'spent' };
const SPENT_KEY = 'a-key-that-is-used-up-0123456789';
const authenticate: Authenticate = async (key) => (key === KEY ? BOT : key === SPENT_KEY ? SPENT : null);

/** What is wrong, as far as a document can show it; each is wrong in what comes later too. */
const FORBIDDEN = 'keys { id }';
const COSTLY = `${FORBIDDEN} a: trainingJobs(first: 100) { nodes { member { encoder { versions(first: 100) { version } } } } }`;
const DEEP = `${COSTLY} generation(id: "g") { ${'feedback { generation { '.repeat(5)} id ${'} }'.repeat(5)} }`;
const INVALID = `${DEEP} nothing`;

interface Refused {
  message: string;
  extensions?: Record<string, unknown>;
}

const CASES: { step: string; selection: string; key?: string; wrong: object }[] = [
  { step: 'authenticate', selection: INVALID, key: 'wrong', wrong: { code: 'UNAUTHENTICATED' } },
  {
    step: 'quota',
    selection: INVALID,
    key: SPENT_KEY,
    wrong: { code: 'LIMIT_EXCEEDED', retryAfterMs: expect.any(Number) },
  },
  { step: 'parse', selection: INVALID, wrong: { code: 'BAD_USER_INPUT' } },
  { step: 'limits', selection: DEEP, wrong: { code: 'LIMIT_EXCEEDED', limit: 'depth' } },
  { step: 'cost', selection: COSTLY, wrong: { code: 'LIMIT_EXCEEDED', limit: 'cost' } },
  { step: 'execute', selection: FORBIDDEN, wrong: { code: 'FORBIDDEN' } },
];

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness({ operationsAtOnceOfBot: 100, operationsPerMinuteOfBot: 1 }, {}, authenticate);
  const spent = harness.gateway.executorFor(SPENT);
  for (let i = 0; i < 100; i++) await spent.execute({ query: '{ viewer { scope } }' });
});
afterAll(() => harness.stop());
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.socket.close();
});

const sockets: RawSocket[] = [];

const TRANSPORTS: Record<string, (query: string, key: string) => Promise<readonly Refused[] | undefined>> = {
  HTTP: async (query, key) =>
    (await post(harness, query, undefined, { headers: { authorization: `Bearer ${key}` } })).errors,
  WebSocket: async (query, key) => {
    const socket = await RawSocket.connect(harness, { authorization: `Bearer ${key}` });
    sockets.push(socket);
    if (socket.socket.readyState !== socket.socket.OPEN) return [closedFor((await socket.closed).reason)];
    socket.subscribe('1', query);
    const message = await socket.until(({ id }) => id === '1');
    return message?.type === 'error'
      ? (message.payload as Refused[])
      : (message?.payload as { errors?: Refused[] } | undefined)?.errors;
  },
  'a caller inside': async (query, key) => {
    const viewer = await authenticate(key);
    // Nobody inside is a stranger.
    if (!viewer) return undefined;
    return (await harness.gateway.executorFor(viewer).execute({ query })).errors as Refused[] | undefined;
  },
};

/** A socket is refused its key when it opens, with the code and the reason. */
function closedFor(reason: string): Refused {
  const [code, ...message] = reason.split(': ');
  return { message: message.join(': '), extensions: { code } };
}

it('has the steps in this order, and one for every way in which an operation can be refused', () => {
  expect(STEPS.map(({ name }) => name)).toEqual([...CASES.map(({ step }) => step), 'format']);
});

describe.each(CASES)('an operation that $step refuses', ({ step, selection, key = KEY, wrong }) => {
  it('is refused for that and for nothing that comes later, the same by every transport', async () => {
    const query = `{ ${selection} }`;
    const told: (readonly Refused[])[] = [];
    for (const ask of Object.values(TRANSPORTS)) {
      const errors = await ask(query, key);
      if (errors === undefined && step === 'authenticate') continue;
      expect(errors?.[0].extensions).toMatchObject(wrong);
      told.push(errors?.map(({ message }) => ({ message })) ?? []);
    }
    for (const errors of told) expect(errors[0].message.slice(0, 60)).toBe(told[0][0].message.slice(0, 60));
    expect(told.map((errors) => errors.length)).toEqual(told.map(() => told[0].length));
  });

  it('has read nothing of whom it keeps out', async () => {
    const before = codes({ errors: await TRANSPORTS.HTTP('{{{', key) });
    expect(before).toEqual([
      step === 'authenticate' ? 'UNAUTHENTICATED' : step === 'quota' ? 'LIMIT_EXCEEDED' : 'BAD_USER_INPUT',
    ]);
  });
});

it('answers a subscription where an answer may come in pieces, and refuses it elsewhere in the last step', async () => {
  const query = `subscription { generationStream(input: { member: { platform: "test", externalId: "ada" }, prompt: "hi" }) { __typename } }`;
  expect((await TRANSPORTS.HTTP(query, KEY))?.[0].extensions).toEqual({ code: 'BAD_USER_INPUT' });
  expect((await TRANSPORTS['a caller inside'](query, KEY))?.[0].extensions).toEqual({ code: 'BAD_USER_INPUT' });
  expect(await TRANSPORTS.WebSocket(query, KEY)).toBeUndefined();
  const events = harness.gateway.executorFor(BOT).subscribe({ query });
  expect(await events.next()).toMatchObject({
    value: { data: { generationStream: { __typename: 'GenerationStarted' } } },
  });
  await events.return();
});
