import { describe, expect, it } from 'vitest';
import { readable } from '../../src/common/log.js';

describe('the log on a terminal', () => {
  it.each([
    [
      { level: 30, time: '2030-01-02T03:04:05.006Z', msg: 'Palate is ready', url: 'http://x', seconds: 1.5 },
      '03:04:05 Palate is ready url=http://x seconds=1.5',
    ],
    [{ level: 40, time: '2030-01-02T03:04:05.006Z', msg: 'careful' }, '03:04:05 warning: careful'],
    [
      { level: 50, time: '2030-01-02T03:04:05.006Z', msg: 'broken', err: { stack: 'Error: x\n    at y' }, list: [1] },
      '03:04:05 error: broken list=[1]\nError: x\n    at y',
    ],
  ])('reads like text: %j', (record, line) => {
    expect(readable(record)).toBe(line);
  });
});
