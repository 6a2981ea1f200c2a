import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/cli/chat/layout.js';
import {
  bar,
  count,
  describeRole,
  type Reply,
  renderComparison,
  renderGreeting,
  renderReplies,
  renderReveal,
  renderTraining,
  renderVersion,
  renderVoteKeys,
} from '../../src/cli/chat/render.js';
import { ANSI, PLAIN } from '../../src/cli/chat/style.js';
import type { PoolStatus, TrainingJob } from '../../src/client/index.js';

const replies: Reply[] = [
  { label: '1', text: 'Rain is water that falls from clouds, and it makes things grow.', finishReason: 'STOP' },
  { label: '2', text: 'You would like rain', finishReason: null },
];
const options = { width: 80, style: PLAIN, columns: true };

describe('renderReplies', () => {
  it('puts two replies next to each other, a cursor behind the one that grows', () => {
    expect(renderReplies(replies, options)).toEqual([
      '[1]                                    │  [2] …',
      'Rain is water that falls from clouds,  │  You would like rain▌',
      'and it makes things grow.              │',
      '',
    ]);
  });

  it.each([
    ['a narrow window', { ...options, width: 60 }],
    ['a pipe', { ...options, columns: false }],
  ])('puts them under each other in %s', (_, narrow) => {
    const lines = renderReplies(replies, narrow);
    expect(lines.filter((line) => line.startsWith('['))).toEqual(['[1]', '[2] …']);
    expect(lines.join('\n')).not.toContain('│');
  });

  it('puts four replies in two rows', () => {
    const four = ['1', '2', '3', '4'].map((label): Reply => ({ label, text: `reply ${label}`, finishReason: 'STOP' }));
    const titles = renderReplies(four, options).filter((line) => line.includes('['));
    expect(titles.map((line) => line.split('│').map((part) => part.trim()))).toEqual([
      ['[1]', '[2]'],
      ['[3]', '[4]'],
    ]);
  });

  it.each([20, 34, 60, 73, 74, 80, 119, 200])('keeps every line within %i cells, styled or not', (width) => {
    for (const style of [PLAIN, ANSI]) {
      for (const line of renderReplies(replies, { ...options, width, style })) {
        expect(displayWidth(line)).toBeLessThanOrEqual(width);
      }
    }
  });

  it('styles without changing the text', () => {
    expect(renderReplies(replies, { ...options, style: ANSI }).map(stripVTControlCharacters)).toEqual(
      renderReplies(replies, options),
    );
  });

  it('says how a reply ended', () => {
    const title = (finishReason: Reply['finishReason']) =>
      renderReplies([{ label: '1', text: 'x', finishReason }], options)[0];
    expect(['STOP', 'LENGTH', 'CANCELLED'].map((reason) => title(reason as Reply['finishReason']))).toEqual([
      '[1]',
      '[1] cut at its longest',
      '[1] cancelled',
    ]);
  });
});

const job: TrainingJob = {
  id: 'j',
  status: 'RUNNING',
  step: 30,
  totalSteps: 60,
  loss: 0.61234,
  accuracy: 0.75,
  pairCount: 3,
  encoderVersion: null,
  durationMs: null,
  error: null,
  attempts: 1,
  nextAttemptAt: null,
  createdAt: '',
  member: { id: 'm' },
};

describe('renderTraining', () => {
  it.each([
    ['QUEUED', {}, 'learning from 3 pairs: waits'],
    ['QUEUED', { pairCount: 0 }, 'learning: waits'],
    ['RUNNING', {}, 'learning from 3 pairs ██████████░░░░░░░░░░ 30/60 loss 0.612'],
    [
      'SUCCEEDED',
      { step: 60, encoderVersion: 5, durationMs: 48 },
      'version 4 → 5 in 48 ms: 60 steps on 3 pairs, loss 0.612, 75 % of pairs in order',
    ],
    ['RUNNING', { pairCount: 0, step: 0, totalSteps: 0, loss: null }, 'learning ░░░░░░░░░░░░░░░░░░░░ 0/0'],
    [
      'SUCCEEDED',
      { step: 0, totalSteps: 0, pairCount: 0, loss: null, accuracy: null, encoderVersion: 5, durationMs: 3 },
      'version 4 → 5: nothing is learned from votes any more; your taste is back where it began',
    ],
    ['REJECTED', { error: 'no better on held-out verdicts' }, 'version 4 stays: no better on held-out verdicts'],
    ['FAILED', { error: 'out of memory' }, 'the training failed: out of memory'],
    ['CANCELLED', {}, 'the training was cancelled'],
  ] as const)('%s', (status, changes, expected) => {
    expect(renderTraining({ ...job, status, ...changes }, 4, options)).toBe(expected);
  });
});

describe('the lines around', () => {
  it('label the version that replies come from', () => {
    const of = (version: number, votes: number, empty: boolean) => renderVersion({ version, votes, empty }, options);
    expect(of(0, 0, true)).toBe('nothing learned yet (version 0)');
    expect(of(2, 0, true)).toBe('nothing learned any more (version 2)');
    expect(of(3, 1, false)).toBe('your taste, version 3, learned from 1 vote');
    expect(of(4, 0, false)).toBe('your taste, version 4, as it was brought along');
  });

  it('name the keys', () => {
    expect(renderVoteKeys(2, options)).toContain('= for a tie');
    expect(renderVoteKeys(4, options)).toContain('1 to 4');
  });

  it('tell roles apart', () => {
    expect([describeRole('PERSONAL', 3), describeRole('BASE', 3), describeRole('EXPLORE', 3)]).toEqual([
      'with your taste, version 3',
      'without a taste',
      'with a taste drawn at random, to learn',
    ]);
  });

  it('reveal how replies were made, those made alike together', () => {
    const replies = (['BASE', 'PERSONAL', 'BASE'] as const).map((role, index) => ({
      label: String(index + 1),
      role,
      chosen: index === 1,
    }));
    expect(renderReveal(replies, 3, options)).toEqual(['[1] [3] without a taste', '[2] with your taste, version 3']);
    expect(renderReveal(replies, 3, { style: ANSI })[1]).toContain(ANSI.good('[2]'));
  });

  it('greet, and warn where nothing can be learned', () => {
    const pool = { model: 'SmolLM2', device: 'cpu', notPersonalisedBecause: null } as PoolStatus;
    expect(renderGreeting(pool, 'ada', options)).toEqual(['Palate', 'SmolLM2 on cpu, ada', '']);
    expect(renderGreeting({ ...pool, notPersonalisedBecause: 'There is no checkpoint.' }, 'ada', options)).toContain(
      'There is no checkpoint.',
    );
  });

  it('compare before and after', () => {
    const [before, after] = replies.map((reply): Reply => ({ ...reply, finishReason: 'STOP' }));
    const lines = renderComparison(
      'What about rain?',
      { ...before, label: 'before' },
      { ...after, label: 'after', note: 'version 9' },
      options,
    );
    expect(lines[0]).toBe('What about rain?');
    expect(lines.join('\n')).toMatch(/\[before\] +│ +\[after\] version 9/);
  });

  it('draw bars that are never longer than they should be', () => {
    expect([bar(0, 10, 4), bar(5, 10, 4), bar(10, 10, 4), bar(99, 10, 4), bar(1, 0, 4)]).toEqual([
      '░░░░',
      '██░░',
      '████',
      '████',
      '░░░░',
    ]);
    expect([count(1, 'vote'), count(2, 'vote')]).toEqual(['1 vote', '2 votes']);
  });
});
