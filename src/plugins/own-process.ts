/** Runs a plugin as a process of its own, over HTTP and WebSocket like any other client. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { FromChild, ToChild } from './child-messages.js';
import { type PluginHealth, PluginSetupError } from './contract.js';
import type { Launch, Launched, LaunchOptions } from './launch.js';
import type { WriteLog } from './session.js';
import { lateStart, withTimeout } from './timeout.js';

/** What a plugin's process may see of this one's environment: how to run, how to reach the network, and no secrets. */
const ENVIRONMENT =
  /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|NODE_ENV|NODE_EXTRA_CA_CERTS|SSL_CERT_.*|(HTTP|HTTPS|NO|ALL)_PROXY)$/i;
/** Milliseconds on top of what the plugin has for itself, for the process around it. */
const GRACE_MS = 2_000;

export interface KeyedAddress {
  /** Where the gateway listens. */
  url: string;
  /** Makes a key that lives as long as the process it is for. */
  issueKey(): { key: string; revoke(): void };
}

export function ownProcess({ url, issueKey }: KeyedAddress): Launch {
  return async (options) => {
    const { key, revoke } = issueKey();
    try {
      return await launch(options, url, key, revoke);
    } catch (error) {
      revoke();
      throw error;
    }
  };
}

async function launch(options: LaunchOptions, url: string, key: string, revoke: () => void): Promise<Launched> {
  const { file, input, times, write, signal } = options;
  const child = begin();
  // A process that could not even begin has no exit.
  const gone = once(child, 'exit').catch(() => undefined);
  const questions = new Questions();
  let lastSaid: string | null = null;
  const { started, failed } = listen(child, questions, (level, message, facts) => {
    lastSaid = message;
    write(level, message, facts);
  });
  const tell = (message: ToChild) => {
    // A channel that closes meanwhile is told by the exit that follows.
    if (child.connected) child.send(message, () => undefined);
  };
  const end = async (timeMs = 2 * times.stop + GRACE_MS) => {
    tell({ kind: 'stop' });
    await withTimeout(timeMs, gone, '').catch(() => child.kill('SIGKILL'));
    await gone;
    revoke();
  };
  const abandoned = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The start was given up.')), { once: true });
    void failed.then(reject);
  });
  abandoned.catch(() => undefined);
  tell({ kind: 'start', file, url, key, input, loadMs: times.load, stopMs: times.stop });
  try {
    const late = () => lateStart(times.start, lastSaid);
    await withTimeout(times.start + GRACE_MS, Promise.race([started, abandoned]), late);
  } catch (error) {
    // It may have connections open that the other side should hear the end of.
    await end(GRACE_MS);
    throw error;
  }
  return {
    health: () => {
      const { id, answer } = questions.ask();
      tell({ kind: 'health', id });
      return withTimeout(times.health, answer, `no answer after ${times.health} ms`);
    },
    failed,
    stop: () => end(),
    context: null,
  };
}

/**
 * Lets a process of its own look at the plugin's settings, and ends it.
 * @throws Error when the process fails or takes too long
 */
export async function diagnoseInOwnProcess(
  { url, issueKey }: KeyedAddress,
  { file, input, times, write }: Pick<LaunchOptions, 'file' | 'input' | 'times' | 'write'>,
): Promise<unknown> {
  const { key, revoke } = issueKey();
  const child = begin();
  const gone = once(child, 'exit').catch(() => undefined);
  const found = new Promise<unknown>((resolve) => {
    child.on('message', (message: FromChild) => message.kind === 'findings' && resolve(message.findings));
  });
  const { failed } = listen(child, new Questions(), write);
  const timeMs = times.load + times.diagnose + GRACE_MS;
  child.send({ kind: 'diagnose', file, url, key, input, loadMs: times.load, timeMs: times.diagnose }, () => undefined);
  try {
    const refused = failed.then((error) => Promise.reject(error));
    return await withTimeout(timeMs, Promise.race([found, refused]), `it took longer than ${timeMs} ms`);
  } finally {
    child.kill('SIGKILL');
    await gone;
    revoke();
  }
}

/** A process that waits to be told which plugin it is. */
function begin(): ChildProcess {
  return fork(fileURLToPath(new URL(`./child${extname(import.meta.url)}`, import.meta.url)), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name))),
  });
}

/** Hears what the process says, line by line and message by message, until it is gone. */
function listen(child: ChildProcess, questions: Questions, write: WriteLog) {
  const said = (stream: Readable | null, level: 'info' | 'warn') => {
    if (stream) createInterface({ input: stream }).on('line', (line) => write(level, line, {}));
  };
  said(child.stdout, 'info');
  said(child.stderr, 'warn');
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const failed = new Promise<Error>((resolve) => {
    child.on('message', (message: FromChild) => {
      if (message.kind === 'started') start();
      else if (message.kind === 'health') questions.answer(message);
      else if (message.kind === 'log') write(message.level, message.message, message.facts);
      else if (message.kind === 'failed') {
        resolve(message.setup ? new PluginSetupError(message.message) : new Error(message.message));
      }
    });
    child.once('error', resolve);
    child.once('exit', (status, signal) => resolve(new Error(`its process ended (${signal ?? `status ${status}`})`)));
  });
  return { started, failed };
}

/** Questions to the process that wait for their answers. */
class Questions {
  private readonly waiting = new Map<number, { resolve(health: PluginHealth): void; reject(error: Error): void }>();
  private next = 1;

  ask(): { id: number; answer: Promise<PluginHealth> } {
    const id = this.next++;
    // One answer is waited for at a time; a question that was given up is forgotten.
    this.waiting.clear();
    return { id, answer: new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject })) };
  }

  answer({ id, health, error = 'no health', setup }: Extract<FromChild, { kind: 'health' }>): void {
    if (health) this.waiting.get(id)?.resolve(health);
    else this.waiting.get(id)?.reject(setup ? new PluginSetupError(error) : new Error(error));
    this.waiting.delete(id);
  }
}
