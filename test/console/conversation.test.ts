/** A conversation as plain data, and the other pure parts of the page. */
import { describe, expect, it } from 'vitest';
import type { FeedbackResult, Generation } from '../../src/client/index.js';
import { type Change, type Conversation, changed, choiceOf, newTurn } from '../../src/console/chat/conversation.js';
import { historyOf, MESSAGE_CHARACTERS, sendable } from '../../src/console/chat/history.js';
import { keep, pack, unpack } from '../../src/console/chat/keeping.js';
import { keptIn } from '../../src/console/session/kept.js';

const generation = (finishReason: 'STOP' | 'CANCELLED' | 'LENGTH' = 'STOP'): Generation => ({
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
const asked = (key: string, prompt = 'Hi?', replacing?: string): Change => {
  return { type: 'ASKED', key, prompt, history: [], maxTokens: 128, replacing };
};
const ASKED = asked('1');
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
    expect(turn.replies).toMatchObject([
      { id: 'a', text: 'reply a', cut: false },
      { id: 'b', text: 'reply b', cut: false },
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
    const before = { verdict: null, chosenId: null, feedbackId: null };
    const failed: Change = { type: 'VOTE_FAILED', key: '1', problem: 'no', before };
    expect(conversationOf(ASKED, finished, voting, failed)[0]).toMatchObject({
      verdict: null,
      chosenId: null,
      problem: 'no',
    });
  });

  it('asks again in the place of what was asked', () => {
    const again = conversationOf(...WRITTEN, asked('2', 'Hi?', '1'));
    expect(again.map(({ key }) => key)).toEqual(['2']);
    expect(conversationOf(...WRITTEN, { type: 'CLEARED' })).toEqual([]);
  });

  it('says why replies are not there yet, until they are', () => {
    const waiting = { ahead: 3, estimatedWaitMs: 40_000 };
    const waits: Change = { type: 'WAITS', key: '1', waiting };
    expect(conversationOf(ASKED, WRITTEN[1], waits)[0].waiting).toEqual(waiting);
    expect(conversationOf(ASKED, WRITTEN[1], waits, WRITTEN[2])[0].waiting).toBeNull();
    expect(conversationOf(ASKED, waits, { type: 'FAILED', key: '1', problem: 'no' })[0].waiting).toBeNull();
  });

  it('begins the replies anew when they are picked up again after a lost connection', () => {
    expect(conversationOf(...WRITTEN, WRITTEN[1], WRITTEN[2])[0].replies.map(({ text }) => text)).toEqual(['rep', '']);
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

describe('a reply that was cut at its longest', () => {
  const cut: Change[] = [ASKED, { type: 'FINISHED', key: '1', generation: generation('LENGTH') }];
  const going = { key: 'k', from: 'reply a'.length, maxTokens: 64 };
  const goesOn: Change = { type: 'GOES_ON', key: '1', replyId: 'a', going };
  const grows = (text: string): Change => ({ type: 'GREW', key: '1', texts: new Map([['a', text]]) });
  const candidate = (id: string, text: string, finishReason: 'STOP' | 'LENGTH') => {
    return { id, index: 0, text, tokens: 2, finishReason, role: null };
  };
  const wentOn = (...made: [string, string, 'STOP' | 'LENGTH']): Change => {
    return { type: 'WENT_ON', key: '1', replyId: 'a', candidate: candidate(...made) };
  };

  it('goes on in its place, again and again, and is whole in the history', () => {
    const once = conversationOf(...cut, goesOn, grows(' and'), wentOn('c', ' and more', 'LENGTH'));
    expect(once[0].replies).toEqual([
      { id: 'a', text: 'reply a and more', cut: true, tail: 'c', going: null },
      { id: 'b', text: 'reply b', cut: true, tail: 'b', going: null },
    ]);
    const again: Change = { ...goesOn, going: { ...going, from: once[0].replies[0].text.length } };
    const twice = [again, grows(', and'), wentOn('d', ', and an end.', 'STOP')].reduce(changed, once);
    expect(twice[0].replies[0]).toMatchObject({
      id: 'a',
      text: 'reply a and more, and an end.',
      cut: false,
      tail: 'd',
    });
    expect(historyOf(twice)[1].content).toBe('reply a and more, and an end.');
  });

  it('takes what was half written back when it is picked up again, and when nothing came of it', () => {
    const half = conversationOf(...cut, goesOn, grows(' and'));
    expect(half[0].replies[0].text).toBe('reply a and');
    expect(changed(half, goesOn)[0].replies[0].text).toBe('reply a');
    const failed: Change = { type: 'WENT_ON', key: '1', replyId: 'a', candidate: null, problem: 'no' };
    expect(changed(half, failed)[0]).toMatchObject({
      status: 'COMPLETE',
      problem: 'no',
      replies: [{ text: 'reply a', cut: true, tail: 'a', going: null }, {}],
    });
  });
});

describe('the history', () => {
  const complete = (key: string, chosen: string | null, texts?: readonly string[]): Change[] => [
    asked(key, `q${key}`),
    { type: 'FINISHED', key, generation: withTexts(texts) },
    ...(chosen ? [{ type: 'VOTED' as const, key, result: vote('CHOSEN', chosen) }] : []),
  ];
  const withTexts = (texts?: readonly string[]): Generation => {
    const { candidates, ...rest } = generation();
    return {
      ...rest,
      candidates: candidates.map((candidate, i) => ({ ...candidate, text: texts?.[i] ?? candidate.text })),
    };
  };

  it('tells the model what was chosen, else the first reply, and nothing that is still being written', () => {
    expect(historyOf(conversationOf(...complete('1', 'b'), ...complete('2', null), asked('3')))).toEqual([
      { role: 'USER', content: 'q1' },
      { role: 'ASSISTANT', content: 'reply b' },
      { role: 'USER', content: 'q2' },
      { role: 'ASSISTANT', content: 'reply a' },
    ]);
  });

  it.each([
    ['empty', ['', ''], []],
    ['of spaces, or of what no database takes', [' \n', '\0\ud83d'], []],
    ['empty where it was chosen, while the other one is not', ['said', ''], ['qx', 'said']],
    ['cut through an emoji', ['so \ud83d', ''], ['qx', 'so']],
    ['far longer than one message may be', [`${'a'.repeat(20_000)}.`, ''], ['qx', `…${'a'.repeat(7_998)}.`]],
  ])('goes on past a reply that is %s', (_, texts, expected) => {
    const history = historyOf(conversationOf(...complete('x', 'b', texts), ...complete('2', 'b')));
    expect(history.map(({ content }) => content)).toEqual([...expected, 'q2', 'reply b']);
    for (const { content } of history) {
      expect(content.length).toBeGreaterThan(0);
      expect(content.length).toBeLessThanOrEqual(MESSAGE_CHARACTERS);
    }
  });

  it('has whole turns, the newest, and no more than one request may bring', () => {
    const many = historyOf(conversationOf(...Array.from({ length: 90 }, (_, i) => complete(`${i}`, null)).flat()));
    expect(many).toHaveLength(64);
    expect([many[0], many.at(-2)]).toEqual([
      { role: 'USER', content: 'q58' },
      { role: 'USER', content: 'q89' },
    ]);
    const long = Array.from({ length: 40 }, (_, i) => complete(`${i}`, null, ['猫'.repeat(8_000)])).flat();
    const history = historyOf(conversationOf(...long));
    expect(history.length % 2).toBe(0);
    expect(Buffer.byteLength(JSON.stringify(history))).toBeLessThan(500_000);
  });

  it('has no half of a character, and no character that a database refuses', () => {
    expect(sendable(' a\0b \ud83d\ude00 \udc00c ')).toBe('ab \u{1f600} c');
  });
});

describe('what the tab keeps', () => {
  const room = (characters: number) => {
    const rows = new Map<string, string>();
    const shelf = {
      getItem: (name: string) => rows.get(name) ?? null,
      setItem: (name: string, text: string) => {
        if (text.length > characters) throw new DOMException('full', 'QuotaExceededError');
        rows.set(name, text);
      },
      removeItem: (name: string) => void rows.delete(name),
      clear: () => rows.clear(),
    };
    return { rows, kept: keptIn(() => shelf) };
  };
  const said = [{ role: 'USER' as const, content: 'before' }];

  it('has the question that is being answered, with all it takes to ask for the same replies again', () => {
    const asking: Change = { type: 'ASKED', key: '2', prompt: 'And?', history: said, maxTokens: 256 };
    const conversation = conversationOf(...WRITTEN, { type: 'FINISHED', key: '1', generation: generation() }, asking);
    const [first, second] = unpack(pack(conversation));
    expect(first).toMatchObject({ key: '1', status: 'COMPLETE', history: null });
    expect(second).toEqual(newTurn({ key: '2', prompt: 'And?', history: said, maxTokens: 256 }));
  });

  it('has a question that failed, a vote that was not answered, and a reply that is being gone on with', () => {
    const going = { key: 'k', from: 7, maxTokens: 64 };
    const conversation = conversationOf(
      { type: 'ASKED', key: '1', prompt: 'Hi?', history: said, maxTokens: 128 },
      { type: 'FINISHED', key: '1', generation: generation('LENGTH') },
      { type: 'GOES_ON', key: '1', replyId: 'a', going },
      { type: 'VOTING', key: '1', verdict: 'TIE', chosenId: null },
      asked('2'),
      { type: 'FAILED', key: '2', problem: 'no' },
    );
    expect(unpack(pack(conversation))).toMatchObject([
      { history: said, verdict: 'TIE', feedbackId: null, replies: [{ going }, { going: null }] },
      { status: 'FAILED', problem: 'no' },
    ]);
  });

  it.each([
    [null],
    [''],
    ['{'],
    ['7'],
    ['[1, null, {"key": 3}]'],
    ['[{"key":"a","prompt":"p","replies":[],"roles":null,"status":"COMPLETE"}]'],
    ['[{"key":"a","prompt":"p","replies":[],"roles":{},"status":"ELSE"}]'],
  ])('is nothing where %j is found', (text) => {
    expect(unpack(text)).toEqual([]);
  });

  it('takes what an older page kept, and leaves out replies that are none', () => {
    const turn = { key: 'a', prompt: 'p', replies: [{ id: 'r', text: 't' }, { id: 3 }, null], roles: {} };
    const [complete, lost] = unpack(
      JSON.stringify([
        { ...turn, status: 'COMPLETE' },
        { ...turn, status: 'WRITING' },
      ]),
    );
    expect(complete.replies).toEqual([{ id: 'r', text: 't', cut: false, tail: 'r', going: null }]);
    expect(lost).toMatchObject({ status: 'FAILED', problem: expect.stringContaining('cut off') });
  });

  it('is less where there is little room, and nothing is lost of this page where there is none', () => {
    const conversation = Array.from({ length: 50 }, (_, i) => ({
      ...newTurn({ key: `${i}`, prompt: 'p'.repeat(100), history: null, maxTokens: 1 }),
      status: 'COMPLETE' as const,
    }));
    const sizes = [1_000_000, 8_000, 1_500, 10].map((characters) => {
      const { rows, kept } = room(characters);
      keep(kept, 'c', conversation);
      expect(unpack(kept.read('c')).at(-1)?.key).toBe('49');
      return unpack(rows.get('c') ?? null).length;
    });
    expect(sizes).toEqual([40, 10, 2, 0]);
  });
});
