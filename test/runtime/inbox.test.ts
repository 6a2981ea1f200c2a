import { describe, expect, it } from 'vitest';
import { Inbox } from '../../src/runtime/inbox.js';
import type { ToWorker } from '../../src/runtime/messages.js';

const read = (id: number): ToWorker => ({
  kind: 'read',
  id,
  request: { promptIds: [1, 2], lastUserTurn: [0, 1], replies: [] },
});
const cancel = (id: number): ToWorker => ({ kind: 'cancel', id });

describe('what the worker was asked', () => {
  it('lets no reply wait for more than one reading', () => {
    const inbox = new Inbox();
    for (const id of [1, 2, 3]) inbox.add(read(id));
    expect(inbox.take(false)).toEqual(read(1));
    expect(inbox.take(false), 'a step').toBeUndefined();
    expect(inbox.take(false)).toEqual(read(2));
    inbox.add(cancel(9));
    expect(inbox.take(false)).toEqual(cancel(9));
    expect(inbox.take(false), 'a step').toBeUndefined();
    expect(inbox.take(false)).toEqual(read(3));
    expect(inbox.empty).toBe(true);
  });

  it('is read through at once where no reply is under way, and in order', () => {
    const inbox = new Inbox();
    inbox.add(read(1));
    inbox.add({ kind: 'drop prompts', id: 2 });
    inbox.add(read(3));
    expect([inbox.take(true)?.kind, inbox.take(true)?.kind, inbox.take(true)?.kind]).toEqual([
      'read',
      'drop prompts',
      'read',
    ]);
    expect(inbox.take(true)).toBeUndefined();
  });
});
