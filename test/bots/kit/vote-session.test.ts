import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  askedSession,
  type Ballot,
  type BallotChange,
  ballotOf,
  type Effect,
  EMPTY_BALLOT,
  isSettled,
  keepBallot,
  type Mark,
  offeredSession,
  readBallot,
  reconcileGiven,
  type SessionEvent,
  standingOf,
  standingVote,
  step,
  type Vote,
  type VoteSession,
} from '../../../bots/kit/index.js';

const TWO = ['left', 'right'];
const added = (mark: Mark): BallotChange => ({ kind: 'added', mark });
const removed = (mark: Mark): BallotChange => ({ kind: 'removed', mark });
const pressed = (mark: Mark): BallotChange => ({ kind: 'pressed', mark });
const by = (change: BallotChange, voter = 'ada'): SessionEvent => ({ kind: 'mark', voter, change });
const confirmed = (voter = 'ada'): SessionEvent => ({ kind: 'confirmed', voter, feedbackId: 'f1' });

function run(session: VoteSession, events: readonly SessionEvent[]): { session: VoteSession; effects: Effect[] } {
  const effects: Effect[] = [];
  for (const event of events) {
    const result = step(session, event);
    session = result.session;
    effects.push(...result.effects);
  }
  return { session, effects };
}

const chosen = (candidate: string) => ({ kind: 'submit', vote: { verdict: 'CHOSEN', candidate } });
const requests = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.request] : []));

describe('a session', () => {
  it('goes from asked over streaming to offered, and shows candidates in an order of its own', () => {
    let session = askedSession('ada');
    expect(session.phase).toBe('asked');
    session = step(session, { kind: 'started', generationId: 'g1', candidateIds: TWO }).session;
    expect(session.phase).toBe('streaming');
    expect([...session.candidates].sort()).toEqual(TWO);
    expect(step(session, { kind: 'started', generationId: 'g2', candidateIds: [] }).session).toBe(session);
    expect(step(session, { kind: 'finished' }).session.phase).toBe('offered');
    expect(step(session, { kind: 'failed' })).toMatchObject({
      session: { phase: 'failed' },
      effects: [{ kind: 'close' }],
    });
  });

  it('keeps a vote that comes while replies still grow, and sends it when they are offered', () => {
    const streaming = { ...offeredSession('ada', 'g1', TWO), phase: 'streaming' as const };
    const early = run(streaming, [by(added('A'))]);
    expect(early.effects).toEqual([]);
    expect(requests(run(early.session, [{ kind: 'finished' }]).effects)).toEqual([chosen('left')]);
  });

  it.each<[string, SessionEvent[], object[], string]>([
    ['one reaction', [by(added('A'))], [chosen('left')], 'offered'],
    ['one reaction, confirmed', [by(added('A')), confirmed()], [chosen('left')], 'chosen'],
    ['the same reaction told twice', [by(added('A')), by(added('A')), confirmed()], [chosen('left')], 'chosen'],
    [
      'a change of mind',
      [by(added('A')), confirmed(), by(added('B')), confirmed()],
      [chosen('left'), chosen('right')],
      'changed',
    ],
    [
      'a change of mind while the first is under way: the last word is sent after it',
      [by(added('A')), by(added('B')), by(removed('B')), by(added('TIE')), confirmed(), confirmed()],
      [chosen('left'), { kind: 'submit', vote: { verdict: 'TIE', candidate: null } }],
      'changed',
    ],
    [
      'a reaction taken away while it is under way',
      [by(added('A')), by(removed('A')), confirmed(), confirmed()],
      [chosen('left'), { kind: 'withdraw', feedbackId: 'f1' }],
      'withdrawn',
    ],
    [
      'the latest of two taken away: the one before counts again',
      [by(added('A')), confirmed(), by(added('B')), confirmed(), by(removed('B')), confirmed()],
      [chosen('left'), chosen('right'), chosen('left')],
      'changed',
    ],
    [
      'the older of two taken away: nothing changes',
      [by(added('A')), confirmed(), by(added('B')), confirmed(), by(removed('A'))],
      [chosen('left'), chosen('right')],
      'changed',
    ],
    [
      'a button pressed twice withdraws',
      [by(pressed('B')), confirmed(), by(pressed('B')), confirmed()],
      [chosen('right'), { kind: 'withdraw', feedbackId: 'f1' }],
      'withdrawn',
    ],
    [
      'a vote after a withdrawal',
      [by(added('A')), confirmed(), by(removed('A')), confirmed(), by(added('A')), confirmed()],
      [chosen('left'), { kind: 'withdraw', feedbackId: 'f1' }, chosen('left')],
      'changed',
    ],
    ['a removal of something never left', [by(removed('A'))], [], 'offered'],
    ['a letter that nobody offered', [by(added('C'))], [], 'offered'],
    [
      'all reactions cleared',
      [by(added('A')), confirmed(), by({ kind: 'cleared' }), confirmed()],
      [chosen('left'), { kind: 'withdraw', feedbackId: 'f1' }],
      'withdrawn',
    ],
  ])('%s', (_, events, expected, standing) => {
    const { session, effects } = run(offeredSession('ada', 'g1', TWO), events);
    expect(requests(effects)).toEqual(expected);
    expect(standingOf(session, 'ada')).toBe(standing);
  });

  it('keeps voters apart', () => {
    const { session, effects } = run(offeredSession('ada', 'g1', TWO), [by(added('A')), by(added('B'), 'bob')]);
    expect(effects.map((effect) => [effect.kind, 'voter' in effect && effect.voter])).toEqual([
      ['send', 'ada'],
      ['send', 'bob'],
    ]);
    expect(standingVote(ballotOf(session, 'bob'), TWO)?.candidate).toBe('right');
  });

  it('sends a request again that failed in passing, with what is wanted by then', () => {
    const failed = run(offeredSession('ada', 'g1', TWO), [
      by(added('A')),
      by(added('B')),
      { kind: 'unconfirmed', voter: 'ada', again: true },
    ]);
    expect(failed.effects.at(-1)).toEqual({ kind: 'pause', voter: 'ada' });
    const again = run(failed.session, [
      { kind: 'retry', voter: 'ada' },
      { kind: 'retry', voter: 'ada' },
    ]);
    expect(requests(again.effects)).toEqual([chosen('right')]);
  });

  it('does not repeat what was refused for good, and goes on with the next change', () => {
    const refused = run(offeredSession('ada', 'g1', TWO), [
      by(added('A')),
      { kind: 'unconfirmed', voter: 'ada', again: false },
      { kind: 'retry', voter: 'ada' },
    ]);
    expect(requests(refused.effects)).toHaveLength(1);
    expect(isSettled(refused.session)).toBe(true);
    expect(requests(run(refused.session, [by(added('B'))]).effects)).toEqual([chosen('right')]);
  });

  it('lets only the asker have new replies, and only by leaving the mark', () => {
    const session = offeredSession('ada', 'g1', TWO);
    expect(step(session, by(added('REGENERATE'))).effects).toEqual([{ kind: 'regenerate', voter: 'ada' }]);
    expect(step(session, by(removed('REGENERATE'))).effects).toEqual([]);
    expect(step(session, by(added('REGENERATE'), 'bob')).effects).toEqual([]);
  });

  it('refuses votes once it is expired, and closes once', () => {
    const { session, effects } = run(offeredSession('ada', 'g1', TWO), [{ kind: 'expired' }, { kind: 'expired' }]);
    expect(effects).toEqual([{ kind: 'close' }]);
    expect(step(session, by(added('A'))).effects).toEqual([{ kind: 'refuse', voter: 'ada' }]);
    expect(step(session, by(removed('A'))).effects).toEqual([]);
  });

  const kept = (changes: Partial<Ballot>): Ballot => ({ ...EMPTY_BALLOT, ...changes });
  const counted = kept({
    given: [{ mark: 'A', by: 'reaction' }],
    recorded: { feedbackId: 'f0', vote: { verdict: 'CHOSEN', candidate: 'left' } },
    confirmed: 1,
  });
  const underWay = kept({ given: counted.given, sending: { kind: 'submit', vote: counted.recorded?.vote as Vote } });

  it.each<[string, Ballot, Mark[] | null, object[]]>([
    ['the reaction went away during downtime', counted, [], [{ kind: 'withdraw', feedbackId: 'f0' }]],
    ['a reaction came during downtime', EMPTY_BALLOT, ['B'], [chosen('right')]],
    ['nothing happened', counted, ['A'], []],
    ['nobody looked', counted, null, []],
    ['the reaction was changed for another', counted, ['B'], [chosen('right')]],
    ['the vote was under way when the bot died', underWay, ['A'], [chosen('left')]],
    ['and was taken back meanwhile', underWay, [], [{ kind: 'withdraw', feedbackId: null }]],
  ])('reconciles after a restart: %s', (_, ballot, visible, expected) => {
    const restored = readBallot(keepBallot(ballot));
    expect(restored).toEqual(ballot);
    const { effects } = step(offeredSession('ada', 'g1', TWO), {
      kind: 'recalled',
      voter: 'ada',
      ballot: restored,
      visible,
    });
    expect(requests(effects)).toEqual(expected);
  });

  it('keeps what is under way when it looks at the platform, and sends what is wanted behind it', () => {
    const sending = run(offeredSession('ada', 'g1', TWO), [by(added('A'))]).session;
    const looked = step(sending, { kind: 'recalled', voter: 'ada', ballot: EMPTY_BALLOT, visible: ['B'] });
    expect(looked.effects).toEqual([]);
    expect(requests(step(looked.session, confirmed()).effects)).toEqual([chosen('right')]);
  });

  it('takes a kept ballot that is no ballot for an empty one', () => {
    expect(readBallot(null)).toEqual(EMPTY_BALLOT);
    expect(readBallot('nonsense')).toEqual(EMPTY_BALLOT);
    expect(readBallot('{"given":[{"mark":"Z","by":"reaction"}]}').given).toEqual([]);
  });
});

describe('what stands after downtime', () => {
  it.each<[Parameters<typeof reconcileGiven>[0], Mark[], string]>([
    [[], [], ''],
    [[], ['TIE', 'A'], 'A reaction,TIE reaction'],
    [[{ mark: 'B', by: 'button' }], [], 'B button'],
    [[{ mark: 'B', by: 'button' }], ['A'], 'B button,A reaction'],
    [
      [
        { mark: 'B', by: 'reaction' },
        { mark: 'A', by: 'reaction' },
      ],
      ['A', 'B'],
      'B reaction,A reaction',
    ],
    [[{ mark: 'B', by: 'reaction' }], ['A'], 'A reaction'],
  ])('of %j with %j visible is %s', (known, visible, expected) => {
    const given = reconcileGiven(known, visible);
    expect(given.map(({ mark, by: how }) => `${mark} ${how}`).join(',')).toBe(expected);
  });
});

/** A service that loses and delays answers; the ledger it keeps is what counts. */
it('brings the ledger to what the platform shows, whatever the order of clicks, answers and failures', () => {
  const marks = fc.constantFrom<Mark>('A', 'B', 'TIE', 'ALL_BAD', 'UP');
  const action = fc.oneof(
    fc.record({ do: fc.constantFrom('added', 'removed', 'pressed'), mark: marks }),
    fc.record({ do: fc.constantFrom('answer', 'lost answer', 'lost request') }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      let session = offeredSession('ada', 'g1', TWO);
      let ledger: Vote | null = null;
      const wire: Effect[] = [];
      const feed = (event: SessionEvent) => {
        const result = step(session, event);
        session = result.session;
        wire.push(...result.effects);
        expect(wire.filter(({ kind }) => kind === 'send').length).toBeLessThanOrEqual(1);
      };
      const answer = (arrives: boolean, returns: boolean) => {
        const effect = wire.shift();
        if (!effect) return;
        if (effect.kind === 'pause') return feed({ kind: 'retry', voter: 'ada' });
        if (effect.kind !== 'send') return;
        if (arrives) ledger = effect.request.kind === 'submit' ? effect.request.vote : null;
        feed(returns ? confirmed() : { kind: 'unconfirmed', voter: 'ada', again: true });
      };
      for (const { do: what, ...rest } of actions) {
        if ('mark' in rest) feed(by({ kind: what, mark: rest.mark } as BallotChange));
        else answer(what !== 'lost request', what === 'answer');
      }
      for (let i = 0; i < 20 && wire.length > 0; i++) answer(true, true);
      expect(wire).toEqual([]);
      expect(isSettled(session)).toBe(true);
      expect(ledger).toEqual(standingVote(ballotOf(session, 'ada'), TWO));
    }),
    { seed: 7, numRuns: 500 },
  );
});
