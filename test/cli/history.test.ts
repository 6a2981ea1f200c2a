import { describe, expect, it } from 'vitest';
import { History } from '../../src/cli/chat/history.js';
import type { Candidate, FinishReason } from '../../src/client/index.js';

const replies = (...texts: [text: string, finishReason?: FinishReason][]) => ({
  candidates: texts.map(
    ([text, finishReason = 'STOP'], index) => ({ id: `${text}-${index}`, index, text, finishReason }) as Candidate,
  ),
});
const contents = (history: History) => history.ask('next').history?.map(({ content }) => content);

describe('the history of a conversation', () => {
  it.each([
    ['the reply that was chosen', '2', ['hi', 'b']],
    ['the first one where none was', '', ['hi', 'a']],
    ['the first one of a tie', '=', ['hi', 'a']],
    ['nothing that was bad', 'x', []],
  ])('holds %s', (_, key, expected) => {
    const history = new History();
    history.remember(history.ask('hi'), replies(['a'], ['b']), key);
    expect(contents(history)).toEqual(expected);
  });

  it.each(['', ' ', '\n\t'])('leaves a reply out that says nothing, %j', (empty) => {
    const history = new History();
    history.remember(history.ask('one'), replies([empty]), '');
    history.remember(history.ask('two'), replies(['fine']), '');
    expect(contents(history)).toEqual(['one', 'two', 'fine']);
  });

  it('brings no more turns than a request may, the latest', () => {
    const history = new History();
    for (let i = 0; i < 100; i++) history.remember(history.ask(`q${i}`), replies([`a${i}`]), '');
    const told = contents(history) ?? [];
    expect(told.length).toBe(64);
    expect([told[0], told.at(-1)]).toEqual(['q68', 'a99']);
  });

  it('goes on with a reply that was cut, as often as it is cut again, as it was asked', () => {
    const history = new History();
    history.remember(history.ask('before'), replies(['whole']), '');
    expect(history.cut).toBeUndefined();
    const said = history.ask('long');
    history.remember(said, replies(['one', 'STOP'], ['two', 'LENGTH']), '2');
    expect(history.cut).toEqual({ ...said, continues: 'two-1' });
    history.append(replies([' three', 'LENGTH']));
    expect(history.cut).toEqual({ ...said, continues: ' three-0' });
    history.append(replies([' four']));
    expect(history.cut).toBeUndefined();
    expect(contents(history)).toEqual(['before', 'whole', 'long', 'two three four']);
  });

  it.each(['x', '1'])('does not go on with what was bad or is whole, %s', (key) => {
    const history = new History();
    history.remember(history.ask('hi'), replies(['whole'], ['cut', 'LENGTH']), key);
    expect(history.cut).toBeUndefined();
  });

  it('is empty when it begins anew', () => {
    const history = new History();
    history.remember(history.ask('hi'), replies(['cut', 'LENGTH']), '');
    history.clear();
    expect([contents(history), history.cut]).toEqual([[], undefined]);
  });
});
