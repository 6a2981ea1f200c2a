/** A conversation as plain data, and the other pure parts of the page. */
import { describe, expect, it } from 'vitest';
import type { FeedbackResult, Generation } from '../../src/client/index.js';
import {
  type Change,
  type Conversation,
  changed,
  choiceOf,
  historyOf,
  pack,
  REMEMBERED_TURNS,
  unpack,
} from '../../src/console/chat/conversation.js';
import { pageOf } from '../../src/console/route.js';
import { next } from '../../src/console/session/connection.js';
import { readFragment, readPasted, takeCredential } from '../../src/console/session/credential.js';
import { ago, span } from '../../src/console/ui/time.js';

const generation = (finishReason: 'STOP' | 'CANCELLED' = 'STOP'): Generation => ({
  id: 'g',
  prompt: 'Hi?',
  encoderVersion: 3,
  model: 'm',
  createdAt: '2030-01-01T00:00:00.000Z',
  expiredAt: null,
  member: { id: 'm' },
  candidates: ['a', 'b'].map((id, index) => ({ id, index, text: `reply ${id}`, tokens: 2, finishReason, role: null })),
});

const vote = (verdict: 'CHOSEN' | 'TIE', chosen: string | null): FeedbackResult => ({
  feedback: {
    id: 'f',
    verdict,
    state: 'ACTIVE',
    createdAt: '2030-01-01T00:00:00.000Z',
    generation: { id: 'g' },
    member: { id: 'm' },
    chosen: chosen === null ? null : { id: chosen },
  },
  pairs: [],
  trainingJob: null,
  reveal: [
    { candidateId: 'a', role: 'PERSONAL' },
    { candidateId: 'b', role: 'BASE' },
  ],
});

const conversationOf = (...changes: Change[]): Conversation => changes.reduce(changed, [] as Conversation);
const ASKED: Change = { type: 'ASKED', key: '1', prompt: 'Hi?' };
const WRITTEN: Change[] = [
  ASKED,
  { type: 'STARTED', key: '1', generationId: 'g', candidateIds: ['a', 'b'] },
  { type: 'GREW', key: '1', texts: new Map([['a', 'rep']]) },
  {
    type: 'GREW',
    key: '1',
    texts: new Map([
      ['a', 'ly'],
      ['b', 'x'],
    ]),
  },
];

describe('a conversation', () => {
  it('grows reply by reply, and ends up as it was stored', () => {
    expect(conversationOf(...WRITTEN)[0]).toMatchObject({
      status: 'WRITING',
      replies: [{ text: 'reply' }, { text: 'x' }],
    });
    const [turn] = conversationOf(...WRITTEN, { type: 'FINISHED', key: '1', generation: generation() });
    expect(turn).toMatchObject({ status: 'COMPLETE', encoderVersion: 3, stopped: false, roles: {} });
    expect(turn.replies).toEqual([
      { id: 'a', text: 'reply a' },
      { id: 'b', text: 'reply b' },
    ]);
    const [stopped] = conversationOf(...WRITTEN, { type: 'FINISHED', key: '1', generation: generation('CANCELLED') });
    expect(stopped.stopped).toBe(true);
  });

  it('knows how replies were made only after the vote, and takes a vote that failed back', () => {
    const finished: Change = { type: 'FINISHED', key: '1', generation: generation() };
    const voting: Change = { type: 'VOTING', key: '1', verdict: 'CHOSEN', chosenId: 'b' };
    expect(conversationOf(ASKED, finished, voting)[0]).toMatchObject({
      verdict: 'CHOSEN',
      chosenId: 'b',
      feedbackId: null,
      roles: {},
    });
    const [voted] = conversationOf(ASKED, finished, voting, { type: 'VOTED', key: '1', result: vote('CHOSEN', 'b') });
    expect(voted).toMatchObject({ feedbackId: 'f', roles: { a: 'PERSONAL', b: 'BASE' } });
    const failed: Change = { type: 'VOTE_FAILED', key: '1', problem: 'no', before: { verdict: null, chosenId: null } };
    expect(conversationOf(ASKED, finished, voting, failed)[0]).toMatchObject({
      verdict: null,
      chosenId: null,
      problem: 'no',
    });
  });

  it('asks again in the place of what was asked', () => {
    const again = conversationOf(...WRITTEN, { type: 'ASKED', key: '2', prompt: 'Hi?', replacing: '1' });
    expect(again.map(({ key }) => key)).toEqual(['2']);
    expect(conversationOf(...WRITTEN, { type: 'CLEARED' })).toEqual([]);
  });

  it('tells the model what was chosen, else the first reply, and no more than the last turns', () => {
    const complete = (key: string, chosen: string | null): Change[] => [
      { type: 'ASKED', key, prompt: `q${key}` },
      { type: 'FINISHED', key, generation: generation() },
      ...(chosen ? [{ type: 'VOTED' as const, key, result: vote('CHOSEN', chosen) }] : []),
    ];
    expect(historyOf(conversationOf(...complete('1', 'b'), ...complete('2', null), ASKED))).toEqual([
      { role: 'USER', content: 'q1' },
      { role: 'ASSISTANT', content: 'reply b' },
      { role: 'USER', content: 'q2' },
      { role: 'ASSISTANT', content: 'reply a' },
    ]);
    const long = conversationOf(...Array.from({ length: 30 }, (_, i) => complete(`${i}`, null)).flat());
    expect(historyOf(long)).toHaveLength(2 * REMEMBERED_TURNS);
  });

  it('is kept without what was still being written, and anything else that is found is nothing', () => {
    const conversation = conversationOf(
      ...WRITTEN,
      { type: 'FINISHED', key: '1', generation: generation() },
      { ...ASKED, key: '2' },
    );
    expect(unpack(pack(conversation)).map(({ key }) => key)).toEqual(['1']);
    for (const text of [null, '', '{', '7', '[1, null, {"key": 3}]']) expect(unpack(text)).toEqual([]);
  });

  it.each([
    ['1', 2, 0],
    ['2', 2, 1],
    ['3', 2, null],
    ['4', 4, 3],
    ['=', 2, 'TIE'],
    ['x', 2, 'ALL_BAD'],
    ['X', 2, 'ALL_BAD'],
    ['0', 2, null],
    ['a', 2, null],
    ['Enter', 2, null],
  ] as const)('reads the key %s among %i replies as %s', (key, count, choice) => {
    expect(choiceOf(key, count)).toBe(choice);
  });
});

describe('a credential', () => {
  const storage = () => {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      clear: () => kept.clear(),
    } as unknown as Storage;
  };

  it('is taken out of the address, kept for the tab, and another one clears what the tab had', () => {
    const kept = storage();
    kept.setItem('palate.conversation/web//admin', '[]');
    const addresses: unknown[] = [];
    const past = {
      replaceState: (_: unknown, __: string, address?: string | URL | null) => void addresses.push(address),
    };
    const place = { hash: '#token=a.b.c', pathname: '/', search: '?x' };
    expect(takeCredential(place, past, kept)).toEqual({ kind: 'token', secret: 'a.b.c' });
    expect(addresses).toEqual(['/?x']);
    expect(kept.getItem('palate.conversation/web//admin')).toBeNull();
    expect(takeCredential({ ...place, hash: '#/taste' }, past, kept)).toEqual({ kind: 'token', secret: 'a.b.c' });
    expect(addresses).toHaveLength(1);
    expect(takeCredential({ ...place, hash: '' }, past, storage())).toBeNull();
  });

  it.each([
    ['palate_admin_abc', { kind: 'key', secret: 'palate_admin_abc' }],
    [' a.b.c ', { kind: 'token', secret: 'a.b.c' }],
    ['http://localhost:4000/#key=abc', { kind: 'key', secret: 'abc' }],
    ['https://p.example/x/#token=a.b.c', { kind: 'token', secret: 'a.b.c' }],
    ['http://localhost:4000/#/chat', null],
    ['two words', null],
    ['', null],
  ])('is read from %j', (text, credential) => {
    expect(readPasted(text)).toEqual(credential);
  });

  it.each(['', '#', '#/chat', '#key=', '#other=abc', '#key'])('is not %j', (fragment) => {
    expect(readFragment(fragment)).toBeNull();
  });
});

it.each([
  ['', 'chat'],
  ['#/taste', 'taste'],
  ['#/setup/keys', 'setup'],
  ['#/nowhere', 'chat'],
])('shows for %j the page %s', (fragment, page) => {
  expect(pageOf(fragment)).toBe(page);
});

it.each([
  ['CONNECTING', true, 'CONNECTED'],
  ['CONNECTING', false, 'LOST'],
  ['CONNECTED', false, 'LOST'],
  ['LOST', false, 'LOST'],
  ['LOST', true, 'BACK'],
  ['BACK', true, 'BACK'],
  ['BACK', false, 'LOST'],
] as const)('is %s, and with a connection that is open: %s, it is %s', (state, open, expected) => {
  expect(next(state, open)).toBe(expected);
});

it('says moments and spans in words', () => {
  const now = Date.parse('2030-01-02T00:00:00Z');
  expect(ago('2030-01-01T23:58:00Z', now)).toBe('2 minutes ago');
  expect(ago('2030-01-01T00:00:00Z', now)).toBe('yesterday');
  expect(ago('2030-01-04T00:00:00Z', now)).toBe('in 2 days');
  expect([span(62.4), span(1_437)]).toEqual(['62 ms', '1.4 s']);
});
