/** A plugin's own process: started by the gateway, told everything over the channel between them, gone when the gateway is. */

import { networkExecutor } from '../client/index.js';
import { messageOf } from '../common/errors.js';
import type { FromChild, ToChild } from './child-messages.js';
import type { RunningPlugin } from './contract.js';
import { diagnose } from './diagnosis.js';
import { loadPlugin } from './loader.js';
import { openPluginSession, type PluginSession, type WriteLog } from './session.js';
import { withTimeout } from './timeout.js';

let session: PluginSession | undefined;
let running: RunningPlugin | undefined;
let stopMs = 0;
let stopping = false;

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

const tellLog: WriteLog = (level, message, facts) => tell({ kind: 'log', level, message, facts: plain(facts) });

/** Says why, and ends: a process with an error that nobody caught is in no state to go on. */
function fail(error: unknown): void {
  const message: FromChild = { kind: 'failed', message: messageOf(error), setup: isSetup(error) };
  if (process.connected) process.send?.(message, () => process.exit(1));
  else process.exit(1);
}

/** By name: the error may be of another copy of the contract. */
function isSetup(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === 'PluginSetupError';
}

async function start({ file, url, key, input, loadMs }: Extract<ToChild, { kind: 'start' }>): Promise<void> {
  const { plugin } = await loadPlugin(file, process.cwd(), loadMs);
  const config = await plugin.configSchema.parseAsync(input);
  session = openPluginSession(networkExecutor({ url, key }), config, tellLog, stopMs);
  try {
    running = await plugin.start(session.context);
  } catch (error) {
    session.end();
    await session.letGo();
    throw error;
  }
  if (!stopping) tell({ kind: 'started' });
}

/** Answers once; the gateway then ends this process. */
async function examine({ file, url, key, input, loadMs, timeMs }: Extract<ToChild, { kind: 'diagnose' }>) {
  const { plugin } = await loadPlugin(file, process.cwd(), loadMs);
  const config = await plugin.configSchema.parseAsync(input);
  session = openPluginSession(networkExecutor({ url, key }), config, tellLog, timeMs);
  tell({
    kind: 'findings',
    findings: await diagnose({ plugin, config, rows: session.context.storage, write: tellLog, timeMs }),
  });
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  session?.end();
  try {
    await withTimeout(stopMs, running?.stop(), 'it was not done in time');
  } catch (error) {
    tell({
      kind: 'log',
      level: 'warn',
      message: 'The plugin did not stop cleanly',
      facts: { reason: messageOf(error) },
    });
  }
  await session?.letGo();
  await session?.close().catch(() => undefined);
  process.disconnect?.();
  process.exit(0);
}

async function answerHealth(id: number): Promise<void> {
  try {
    if (!running) throw new Error('it has not started');
    tell({ kind: 'health', id, health: await running.health() });
  } catch (error) {
    tell({ kind: 'health', id, error: messageOf(error), setup: isSetup(error) });
  }
}

/** Errors do not survive JSON. */
function plain(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(facts);
  return Object.fromEntries(
    entries.map(([name, fact]) => [name, fact instanceof Error ? (fact.stack ?? fact.message) : fact]),
  );
}

process.on('uncaughtException', fail);
process.on('disconnect', () => void stop());
process.on('message', (message: ToChild) => {
  if (message.kind === 'start') {
    stopMs = message.stopMs;
    start(message).catch(fail);
  } else if (message.kind === 'diagnose') examine(message).catch(fail);
  else if (message.kind === 'health') void answerHealth(message.id);
  else void stop();
});
// The terminal's Ctrl+C reaches every process of the group; the gateway says when to stop.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void stop());
tell({ kind: 'ready' });
