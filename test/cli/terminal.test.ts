import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { verdictOf, voteKeys } from '../../src/cli/chat/conversation.js';
import { ANSI } from '../../src/cli/chat/style.js';
import { PipeTerminal, rowsOf } from '../../src/cli/chat/terminal.js';
import type { Candidate } from '../../src/client/index.js';

function pipe(input: string, width?: number) {
  const from = new PassThrough();
  const to = new PassThrough();
  const terminal = new PipeTerminal(from, to, width);
  from.end(input);
  return { terminal, written: () => String(to.read() ?? '') };
}

describe('a pipe', () => {
  it('reads lines, and writes down what was read, so that the output is a transcript', async () => {
    const { terminal, written } = pipe('hello\n1\n');
    expect(await terminal.ask('you> ')).toBe('hello');
    expect(await terminal.key(['1', '2'])).toBe('1');
    expect(await terminal.ask('you> ')).toBeNull();
    expect(await terminal.key(['1'])).toBeNull();
    expect(written()).toBe('you> hello\n> 1\n');
  });

  it('takes a line that is no vote as the next message', async () => {
    const { terminal } = pipe('hello\nanother message\nX\n\n');
    await terminal.ask('you> ');
    expect(await terminal.key(['1', 'x'])).toBe('');
    expect(await terminal.ask('you> ')).toBe('another message');
    expect(await terminal.key(['1', 'x'])).toBe('x');
    expect(await terminal.key(['1', 'x'])).toBe('');
  });

  it('prints what changes once, when it is final', () => {
    const { terminal, written } = pipe('');
    const live = terminal.live();
    live.update(['a']);
    live.update(['ab']);
    live.finish(['abc', 'd']);
    expect(written()).toBe('abc\nd\n');
  });

  it('lays out in columns only for a width that was asked for', () => {
    expect(pipe('').terminal.options()).toMatchObject({ columns: false, width: 80 });
    expect(pipe('', 100).terminal.options()).toMatchObject({ columns: true, width: 100 });
  });
});

describe('rowsOf', () => {
  it('counts what lines take on a window of that width, styles left out', () => {
    expect(rowsOf([], 10)).toBe(0);
    expect(rowsOf(['', 'short', '0123456789', '0123456789a'], 10)).toBe(5);
    expect(rowsOf([ANSI.bold('0123456789')], 10)).toBe(1);
  });
});

describe('votes', () => {
  const generation = { candidates: ['a', 'b'].map((id, index) => ({ id, index }) as Candidate) };
  it.each([
    ['1', { verdict: 'CHOSEN', chosenCandidateId: 'a' }],
    ['2', { verdict: 'CHOSEN', chosenCandidateId: 'b' }],
    ['=', { verdict: 'TIE' }],
    ['x', { verdict: 'ALL_BAD' }],
    ['', undefined],
    ['3', undefined],
  ])('%j is %j', (key, verdict) => {
    expect(verdictOf(key, generation)).toEqual(verdict);
  });

  it('offers a tie between two only', () => {
    expect(voteKeys(2)).toEqual(['1', '2', '=', 'x']);
    expect(voteKeys(4)).toEqual(['1', '2', '3', '4', 'x']);
  });
});
