import { describe, expect, it } from 'vitest';
import {
  type Ballot,
  continuationOf,
  EMPTY_BALLOT,
  type Mark,
  type Offer,
  type OfferTracker,
  repliesOf,
  turnsOf,
} from '../../../bots/kit/index.js';
import type { Candidate, FinishReason, Generation } from '../../../src/client/index.js';

/** Generations by id; `texts` of their candidates. */
function stored(all: Record<string, { prompt: string; texts: Record<string, string>; ended?: FinishReason }>) {
  const generations = Object.entries(all).map(([id, { prompt, texts, ended = 'LENGTH' }]) => {
    const candidates = Object.entries(texts).map(([candidate, text]) => ({ id: candidate, text, finishReason: ended }));
    return [id, { id, prompt, candidates: candidates as Candidate[] } as Generation] as const;
  });
  const byId = new Map(generations);
  return { generation: async (id: string) => byId.get(id) ?? null };
}

function offer(generationId: string, candidates: string[], more: Partial<Offer> = {}): Offer {
  const place = { asker: 'ada', scope: '', channel: 'c', messages: [generationId], at: 0, language: 'en' };
  return { generationId, candidates, ...place, ...more };
}

/** An offer tracker in which the asker has left these marks, by generation. */
function tracker(marks: Record<string, Mark> = {}): OfferTracker {
  const ballot = ({ generationId }: Offer): Ballot => {
    const mark = marks[generationId];
    return mark ? { ...EMPTY_BALLOT, given: [{ mark, by: 'button' }] } : EMPTY_BALLOT;
  };
  return { ballot: async (one: Offer) => ballot(one) } as unknown as OfferTracker;
}

const said = async (client: ReturnType<typeof stored>, offers: Offer[], marks?: Record<string, Mark>) =>
  (await turnsOf(client, await repliesOf({ client, tracker: tracker(marks) }, offers))).map(({ content }) => content);

describe('a conversation', () => {
  const client = stored({
    g1: { prompt: 'one?', texts: { a: 'one a', b: 'one b' } },
    g2: { prompt: 'two?', texts: { c: '', d: 'two d' } },
    g3: { prompt: 'three?', texts: { e: '', f: ' \n' } },
    g4: { prompt: '', texts: { g: '' } },
    g5: { prompt: 'one?', texts: { h: ' and on' } },
    g6: { prompt: 'one?', texts: { i: ' and on and on' } },
    g7: { prompt: 'one?', texts: { j: 'anew' } },
  });
  const [one, two, empty, erased] = [
    offer('g1', ['a', 'b']),
    offer('g2', ['c', 'd']),
    offer('g3', ['e', 'f']),
    offer('g4', ['g']),
  ];
  const more = offer('g5', ['h'], { continues: [{ generation: 'g1', candidate: 'b' }] });
  const still = offer('g6', ['i'], {
    continues: [
      { generation: 'g1', candidate: 'b' },
      { generation: 'g5', candidate: 'h' },
    ],
  });
  const anew = offer('g7', ['j'], { replaces: 'g1' });

  it.each([
    ['the reply that was shown first', [one], {}, ['one?', 'one a']],
    ['the reply that was chosen', [one], { g1: 'B' }, ['one?', 'one b']],
    ['another one where that is empty', [two], { g2: 'A' }, ['two?', 'two d']],
    ['nothing of an answer that is empty', [one, empty, two], {}, ['one?', 'one a', 'two?', 'two d']],
    ['nothing of one that was erased', [erased, one], {}, ['one?', 'one a']],
    ['nothing of one that is gone', [offer('nowhere', ['x']), one], {}, ['one?', 'one a']],
    ['a reply and what continues it as one', [one, two, more], {}, ['two?', 'two d', 'one?', 'one b and on']],
    ['all parts of it', [one, more, still], {}, ['one?', 'one b and on and on and on']],
    ['new replies instead of the old ones', [one, anew], {}, ['one?', 'anew']],
  ] as const)('holds %s', async (_, offers, marks, expected) => {
    expect(await said(client, [...offers], marks)).toEqual(expected);
  });

  it('leaves a reply out whose text is erased by the time it is read again', async () => {
    const replies = await repliesOf({ client, tracker: tracker() }, [one, two]);
    const later = stored({ g1: { prompt: '', texts: { a: '' } }, g2: { prompt: 'two?', texts: { d: 'two d' } } });
    expect((await turnsOf(later, replies)).map(({ content }) => content)).toEqual(['two?', 'two d']);
  });

  it('gives what a reply is gone on with, as it was then', async () => {
    const history = [[{ generation: 'g2', candidate: 'd' }]];
    const turns = [
      { role: 'USER', content: 'two?' },
      { role: 'ASSISTANT', content: 'two d' },
    ];
    expect(await continuationOf(client, { ...one, history }, 1)).toEqual({
      prompt: 'one?',
      history: turns,
      continues: [{ generation: 'g1', candidate: 'b' }],
    });
    expect((await continuationOf(client, more, 0))?.continues.map(({ candidate }) => candidate)).toEqual(['b', 'h']);
  });

  it.each([
    ['that ended by itself', stored({ g1: { prompt: 'one?', texts: { a: 'whole' }, ended: 'STOP' } }), one, 0],
    ['that was stopped', stored({ g1: { prompt: 'one?', texts: { a: 'who' }, ended: 'CANCELLED' } }), one, 0],
    ['that is empty', client, two, 0],
    ['that is gone', stored({}), one, 0],
    ['that was never offered', client, one, 7],
  ] as const)('goes on with none %s', async (_, from, of, at) => {
    expect(await continuationOf(from, of, at)).toBeNull();
  });
});
