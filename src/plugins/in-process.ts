/** Runs a plugin inside this process. */

import type { Executor } from '../client/index.js';
import { messageOf } from '../common/errors.js';
import { stepwise } from '../common/stream.js';
import type { RunningPlugin } from './contract.js';
import { runInDomain, runOutside } from './fault-domain.js';
import type { Launch, Launched, LaunchOptions } from './launch.js';
import { openPluginSession } from './session.js';
import { lateStart, withTimeout } from './timeout.js';

/** @param executor acts with the plugin's key */
export function inProcess(executor: Executor): Launch {
  return (options) => launch(options, executor);
}

async function launch(options: LaunchOptions, executor: Executor): Promise<Launched> {
  const { plugin, config, write, times, signal } = options;
  const session = openPluginSession(outside(executor), config, write, times.stop);
  let fail = (_: Error) => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  let over = false;
  const fault = (error: unknown) => {
    if (over) write('warn', 'Something that the plugin left behind failed', { err: error });
    else fail(error instanceof Error ? error : new Error(messageOf(error)));
  };
  const inside = <T>(work: () => T) => runInDomain(fault, work);

  const stopRunning = async (running: RunningPlugin) => {
    try {
      await withTimeout(
        times.stop,
        inside(async () => running.stop()),
        'it was not done in time',
      );
    } catch (error) {
      write('warn', 'The plugin did not stop cleanly', { reason: messageOf(error) });
    }
  };
  const starting = inside(async () => plugin.start(session.context));
  const abandoned = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The start was given up.')), { once: true });
    void failed.then(reject);
  });
  abandoned.catch(() => undefined);
  let running: RunningPlugin;
  try {
    running = await withTimeout(times.start, Promise.race([starting, abandoned]), () =>
      lateStart(times.start, session.lastSaid()),
    );
  } catch (error) {
    over = true;
    session.end();
    await inside(() => session.letGo());
    await session.close().catch(() => undefined);
    // Should it start after all, it is stopped again.
    starting.then(stopRunning, () => undefined);
    throw error;
  }
  return {
    health: () =>
      withTimeout(
        times.health,
        inside(async () => running.health()),
        `no answer after ${times.health} ms`,
      ),
    failed,
    stop: async () => {
      session.end();
      await stopRunning(running);
      await inside(() => session.letGo());
      over = true;
      await session.close().catch(() => undefined);
    },
    context: session.context,
  };
}

/** The same executor, whose own faults are not the plugin's. */
function outside(executor: Executor): Executor {
  return {
    execute: (request, signal) => runOutside(() => executor.execute(request, signal)),
    subscribe: (request, options) =>
      stepwise(
        runOutside(() => executor.subscribe(request, options)),
        runOutside,
      ),
  };
}
