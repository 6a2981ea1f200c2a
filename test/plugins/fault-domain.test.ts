/** In a process of its own: the test runner listens for uncaught errors as well. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { COMPILED } from '../support/compiled.mjs';

const MODULE = pathToFileURL(join(COMPILED, 'src/plugins/fault-domain.js')).href;

interface Outcome {
  status: number;
  output: string;
  errors: string;
}

function run(script: string): Promise<Outcome> {
  const source = `
    import { runInDomain, runOutside } from ${JSON.stringify(MODULE)};
    import { connect } from 'node:net';
    const faults = [];
    const plugin = (name, work) => runInDomain((error) => faults.push(name + ': ' + error.message), work);
    ${script}
    setTimeout(() => console.log(JSON.stringify(faults)), 200);`;
  const args = ['--input-type=module', '--eval', source];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, output, errors) => {
      resolve({ status: error ? Number(error.code) : 0, output, errors });
    });
  });
}

it('tells each plugin of its own faults, and the process goes on', async () => {
  const { status, output } = await run(`
    plugin('timer', () => setTimeout(() => { throw new Error('a') }, 10));
    plugin('promise', () => void Promise.reject(new Error('b')));
    plugin('later', async () => { await null; setImmediate(() => { throw new Error('c') }) });
    plugin('socket', () => void connect(1, '127.0.0.1'));
    plugin('tick', () => process.nextTick(() => { throw new Error('e') }));`);
  expect(status).toBe(0);
  expect(JSON.parse(output).sort()).toEqual([
    'later: c',
    'promise: b',
    'socket: connect ECONNREFUSED 127.0.0.1:1',
    'tick: e',
    'timer: a',
  ]);
});

it('lets nobody’s faults end the process, as they always did', async () => {
  const { status, output, errors } = await run(`
    plugin('calm', () => setTimeout(() => {}, 10));
    plugin('caller', () => runOutside(() => setTimeout(() => { throw new Error('of the service') }, 20)));`);
  expect(status).toBe(1);
  expect(output).toBe('');
  expect(errors).toContain('of the service');
});
