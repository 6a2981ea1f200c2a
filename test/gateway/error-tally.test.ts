import { expect, it } from 'vitest';
import { ErrorTally } from '../../src/gateway/error-tally.js';

it('counts by code, the latest first', async () => {
  const tally = new ErrorTally();
  expect(tally.list()).toEqual([]);
  tally.count('NOT_FOUND');
  tally.count('FORBIDDEN');
  await new Promise((resolve) => setTimeout(resolve, 2));
  tally.count('NOT_FOUND');
  expect(tally.list()).toEqual([
    { code: 'NOT_FOUND', count: 2, lastAt: expect.any(Date) },
    { code: 'FORBIDDEN', count: 1, lastAt: expect.any(Date) },
  ]);
});

it('tells what there is and what comes, and many errors at once', async () => {
  const tally = new ErrorTally();
  const stopped = new AbortController();
  const told = tally.watch(stopped.signal);
  const counts = async () => (await told.next()).value?.map(({ count }: { count: number }) => count);
  expect(await counts()).toEqual([]);
  const next = counts();
  for (let i = 0; i < 100; i++) tally.count('LIMIT_EXCEEDED');
  expect(await next).toEqual([100]);
  // What is counted while nobody waits is told as well.
  tally.count('LIMIT_EXCEEDED');
  expect(await counts()).toEqual([101]);
  const never = counts();
  stopped.abort();
  await expect(never).rejects.toMatchObject({ name: 'AbortError' });
});
