import { describe, expect, it } from 'vitest';
import { messageOf, PalateError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';

/** As Emscripten throws it: no Error, no message. */
class ErrnoError {
  name = 'ErrnoError';
  constructor(readonly errno: number) {}
}

const circular: Record<string, unknown> = {};
circular.self = circular;
const refusing = {
  get message(): string {
    throw new Error('no');
  },
};

describe('the message of anything that was thrown', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('the disk is full'), 'the disk is full'],
    ['an error of ours', new PalateError('CONFLICT', 'Stop it first.'), 'Stop it first.'],
    ['a text', 'no such thing', 'no such thing'],
    ['a number', 7, '7'],
    ['a symbol', Symbol('end'), 'Symbol(end)'],
    ['nothing', undefined, 'an error without a message'],
    ['null', null, 'an error without a message'],
    ['an object with a message', { message: 'exit(1)', status: 1 }, 'exit(1)'],
    ['an error of WebAssembly’s file system', new ErrnoError(51), 'ENOSPC: no space left on the device'],
    ['one with another number', new ErrnoError(73), 'file system error 73'],
    ['an error without a message', new Error(''), 'an error without a message'],
    ['a kind of error without a message', new TypeError(''), 'TypeError'],
    ['a code without a message', Object.assign(new Error(''), { code: 'ECONNRESET' }), 'ECONNRESET'],
    ['a cause without a message around it', new Error('', { cause: new ErrnoError(29) }), 'EIO: input/output error'],
    [
      'several errors at once',
      new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1'), new Error('connect ::1')]),
      'connect ::1; connect 127.0.0.1',
    ],
    ['several errors of which none says anything', new AggregateError([new Error('')]), 'AggregateError'],
    ['an object that became a text on its way', new Error(String({})), 'an error without a message'],
    ['an object', { reason: 'too hot' }, '{"reason":"too hot"}'],
    ['an object without anything', {}, 'an error without a message'],
    ['an object without a prototype', Object.create(null), 'an error without a message'],
    ['an object that holds itself', circular, 'an error that cannot be read'],
    ['an object that refuses', refusing, 'an error that cannot be read'],
    ['a large number', 2n ** 70n, '1180591620717411303424'],
    ['a function', () => 1, '() => 1'],
  ])('says what %s says', (_, thrown, message) => {
    expect(messageOf(thrown)).toBe(message);
  });

  it('is a text that says something, whatever was thrown', () => {
    const random = new Random('thrown');
    const some = [null, undefined, '', ' ', 0, {}, [], circular, refusing, new Error(''), new ErrnoError(1), () => 1];
    const thrown = (depth: number): unknown => {
      const inside = () => (depth === 0 ? some[random.integer(some.length)] : thrown(depth - 1));
      switch (random.integer(5)) {
        case 0:
          return new AggregateError([inside(), inside()], '');
        case 1:
          return new Error('', { cause: inside() });
        case 2:
          return { message: inside(), name: inside(), code: inside(), cause: inside() };
        case 3:
          return { errors: [inside()], errno: inside(), message: String({}) };
        default:
          return inside();
      }
    };
    const messages = Array.from({ length: 1_000 }, (_, i) => messageOf(thrown(i % 7)));
    expect(messages.filter((message) => message.trim() === '' || message.includes('[object'))).toEqual([]);
  });
});
