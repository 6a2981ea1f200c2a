import { describe, expect, it } from 'vitest';
import { PalateError } from '../../src/common/errors.js';
import { createLog } from '../../src/common/log.js';
import { openStore } from '../../src/store/store.js';
import { asStoreError } from '../../src/store/unavailable.js';

const coded = (code: string, message = 'as the driver says') => Object.assign(new Error(message), { code });
/** As Prisma wraps what its adapter wraps. */
const throughPrisma = (cause: object) =>
  Object.assign(new Error('Invalid invocation'), {
    code: 'P2010',
    meta: { driverAdapterError: Object.assign(new Error('x'), { name: 'DriverAdapterError', cause }) },
  });

describe('a database that is away or takes no writes', () => {
  it.each([
    ['a server that is down', coded('ECONNREFUSED'), /away/],
    [
      'a server under two addresses that is down',
      new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]),
      /away/,
    ],
    ['a name that is not known now', coded('EAI_AGAIN'), /away/],
    ['a connection that was cut', coded('ECONNRESET'), /away/],
    ['a connection that ended', new Error('Connection terminated unexpectedly'), /away/],
    ['a connection that was not made in time', new Error('timeout exceeded when trying to connect'), /away/],
    ['a server that shuts down', coded('57P01'), /away/],
    ['a server that crashed', coded('57P02'), /away/],
    ['a server that starts', coded('57P03'), /away/],
    ['a connection failure', coded('08006'), /away/],
    ['a database that was removed', coded('3D000'), /away/],
    ['a password that is not right any more', coded('28P01'), /away/],
    ['too many connections', coded('53300'), /too much/],
    ['no memory', coded('53200'), /too much/],
    ['no descriptors', coded('53000'), /too much/],
    ['a full disk', coded('53100'), /full/],
    ['a disk that fails', coded('58030'), /fails/],
    ['a standby', coded('25006'), /no writes/],
    ['a full data folder', coded('ENOSPC'), /full/],
    ['a server that is down, through Prisma', throughPrisma({ kind: 'DatabaseNotReachable' }), /away/],
    ['too many connections, through Prisma', throughPrisma({ kind: 'TooManyConnections' }), /too much/],
    ['a full disk, through Prisma', throughPrisma({ kind: 'postgres', originalCode: '53100', code: '53100' }), /full/],
  ])('%s', (_, thrown, message) => {
    const error = asStoreError(thrown);
    expect(error).toBeInstanceOf(PalateError);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringMatching(message), cause: thrown });
    expect((error as PalateError).retryAfterMs).toBeGreaterThanOrEqual(1_000);
  });

  it.each([
    ['a row that is there already', coded('23505')],
    ['a row that is missing', throughPrisma({ kind: 'ForeignKeyConstraintViolation', originalCode: '23503' })],
    ['a statement that is wrong', coded('42601')],
    ['a conflict of two transactions', coded('40001')],
    ['a fault of ours', new TypeError('x is not a function')],
    ['an error that has a code of its own', new PalateError('NOT_FOUND', 'There is no member.')],
    ['a chain that goes round', Object.assign(new Error('round'), { cause: undefined as unknown })],
    ['nothing', undefined],
  ])('is not %s', (_, thrown) => {
    if (thrown instanceof Error && thrown.message === 'round') thrown.cause = thrown;
    expect(asStoreError(thrown)).toBe(thrown);
  });

  it('names neither files nor addresses to callers', () => {
    const told = asStoreError(coded('53100', 'could not extend file "base/5/16389": No space left on device'));
    expect((told as Error).message).not.toMatch(/base\/|16389/);
  });
});

it('a server that is away at the start is named as such, without its password', async () => {
  const databaseUrl = 'postgresql://palate:secret@127.0.0.1:1/palate';
  await expect(openStore({ data: 'not used', databaseUrl }, createLog('silent'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(
      /^The database at postgresql:\/\/palate:\*\*\*@127\.0\.0\.1:1\/palate cannot be used \(.*ECONNREFUSED/,
    ),
  });
});
