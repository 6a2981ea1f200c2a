import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SessionTurns } from '../../src/store/session-turns.js';

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);
const STARTUP = Uint8Array.of(0, 0, 0, 8, 0, 3, 0, 0);

/** Turns over a session that begins a transaction with "begin", ends it with "end" or ROLLBACK, and notes what it is told. */
function begin(settled: (send: () => void) => void = (send) => send()) {
  const done: string[] = [];
  let open = false;
  const turns = new SessionTurns(
    {
      execute: async (messages) => {
        await delay(1);
        const words = text(messages);
        done.push(words.includes('ROLLBACK') ? 'rollback' : words);
        open = words.includes('begin') || (open && !/end|ROLLBACK/.test(words));
        return bytes(`${words} ${open ? 'T' : 'I'}`);
      },
    },
    settled,
  );
  const guest = () => {
    const answers: string[] = [];
    let closed = false;
    const { receive, leave } = turns.add({ answer: (b) => void answers.push(text(b)), close: () => (closed = true) });
    receive(STARTUP);
    return { answers, send: (words: string) => receive(bytes(words)), leave, closed: () => closed };
  };
  return { turns, done, guest };
}

describe('the turns of one session', () => {
  it('welcomes whoever comes without troubling the session', () => {
    const { done, guest } = begin();
    expect(guest().answers).toEqual([expect.stringMatching(/^R.*Z.*I$/s)]);
    expect(done).toEqual([]);
  });

  it('leaves a transaction to whoever began it, and then lets the others go on in order', async () => {
    const { turns, done, guest } = begin();
    const [a, b, c] = [guest(), guest(), guest()];
    a.send('a begin');
    b.send('b');
    c.send('c');
    await turns.idle();
    expect(done).toEqual(['a begin']);
    a.send('a more');
    await turns.idle();
    a.send('a end');
    await turns.idle();
    expect(done).toEqual(['a begin', 'a more', 'a end', 'b', 'c']);
    expect([a, b, c].map(({ answers }) => answers.length - 1)).toEqual([3, 1, 1]);
  });

  it('undoes the transaction of whoever goes away in the middle', async () => {
    const { turns, done, guest } = begin();
    const [a, b] = [guest(), guest()];
    a.send('a begin');
    b.send('b');
    await turns.idle();
    a.leave();
    await turns.idle();
    expect(done).toEqual(['a begin', 'rollback', 'b']);
  });

  it('undoes it also where it begins after its owner went away', async () => {
    const { turns, done, guest } = begin();
    const [a, b] = [guest(), guest()];
    a.send('a begin');
    a.leave();
    b.send('b');
    await turns.idle();
    expect(done).toEqual(['a begin', 'rollback', 'b']);
  });

  it('holds back what ends a transaction until it is settled, and goes on meanwhile', async () => {
    const held: (() => void)[] = [];
    const { turns, done, guest } = begin((send) => void held.push(send));
    const [a, b] = [guest(), guest()];
    a.send('a begin');
    await turns.idle();
    expect(a.answers.slice(1)).toEqual(['a begin T']);
    a.send('a end');
    b.send('b');
    await turns.idle();
    expect(done).toEqual(['a begin', 'a end', 'b']);
    expect([a.answers.length, b.answers.length]).toEqual([2, 1]);
    for (const send of held) send();
    expect([a.answers.at(-1), b.answers.at(-1)]).toEqual(['a end I', 'b I']);
  });

  it('closes where it is asked to', () => {
    const { guest } = begin();
    const a = guest();
    a.send('X');
    expect(a.closed()).toBe(true);
  });
});
