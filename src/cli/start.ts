/** `palate start`: runs the gateway until it is told to stop. */
import { constants } from 'node:os';
import { Command } from 'commander';
import { type App, type AppOptions, startApp } from '../app.js';
import { loadSettings, type SettingName, STOP_MS, VARIABLES } from '../common/config.js';
import { unknownVariables } from '../common/environment.js';
import { PalateError } from '../common/errors.js';
import { createLog, type Log } from '../common/log.js';
import { announcement } from './announcement.js';
import { reportFailure } from './failure.js';
import { ProgressLine } from './progress-line.js';

const MEBIBYTE = 1_048_576;
/** Milliseconds between two looks whether npm is still there. */
const ORPHAN_MS = 250;

export function startCommand(): Command {
  const option = (name: SettingName, text: string) => `${text} (${VARIABLES[name]})`;
  return new Command('start')
    .description('Run the gateway: GraphQL over HTTP and WebSocket, the language model, the training and the store.')
    .option('--host <address>', option('host', 'address to listen on; default 127.0.0.1'))
    .option('--port <number>', option('port', 'port to listen on; default 4000'))
    .option('--data <folder>', option('data', 'folder for the database, models and the admin key; default ./.palate'))
    .option('--model <model>', option('model', 'a GGUF file, or hf:owner/repo/file; default SmolLM2-135M-Instruct'))
    .option(
      '--checkpoint <file>',
      option('checkpoint', 'the checkpoint that personalises the model; default: found by model'),
    )
    .option('--threads <number>', option('threads', 'threads for the model; default: one a processor core'))
    .option('--slots <number>', option('slots', 'replies written at the same time; default 16'))
    .option('--public-url <url>', option('publicUrl', 'address in links, when it is not the one listened on'))
    .option('--database-url <url>', option('databaseUrl', 'a PostgreSQL server instead of the embedded database'))
    .option(
      '--plugins <list>',
      option('plugins', 'plugins to load, separated by commas, or none; default discord,slack'),
    )
    .option('--log <level>', option('log', 'least severe level that is logged: debug, info, warn, error; default info'))
    .action(async (flags: Partial<Record<SettingName, unknown>>) => {
      await start(flags).catch(reportFailure);
      // A plugin may have left behind what would keep the process alive.
      process.exit();
    });
}

async function start(flags: Partial<Record<SettingName, unknown>>): Promise<void> {
  const began = performance.now();
  refuseUnknownVariables();
  const settings = loadSettings({ flags });
  const log = createLog(settings.log);
  const stopped = new AbortController();
  const signalled = waitForSignal(stopped);
  void signalled.then(() => endLate(log));
  const progress = new ProgressLine(process.stderr);
  let app: App;
  try {
    app = await startApp({
      settings,
      log,
      signal: stopped.signal,
      onFetch: showFetch(progress),
    });
  } catch (error) {
    if (stopped.signal.aborted) throw new PalateError('CANCELLED', 'Stopped before it had started.', { cause: error });
    throw error;
  } finally {
    progress.end();
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const addresses = settings.publicUrl ? { url: settings.publicUrl, localUrl: app.url } : { url: app.url };
  log.info({ ...addresses, seconds }, 'Palate is ready');
  process.stdout.write(announcement(app.url, settings, app.adminKey));
  const signal = await signalled;
  log.info({ signal }, 'Palate is stopping');
  await app.stop();
  log.info('Palate has stopped');
}

/** Ends the process where stopping, or a start that is broken off, takes too long. Keeps no process alive. */
function endLate(log: Log): void {
  const late = setTimeout(() => {
    log.fatal({ afterMs: STOP_MS }, 'Palate does not stop and is ended; nothing that was acknowledged is lost');
    process.exit(1);
  }, STOP_MS);
  late.unref();
}

/** A misspelt setting would leave its default in place without a word. @throws PalateError BAD_USER_INPUT that names each */
function refuseUnknownVariables(): void {
  const unknown = unknownVariables(process.env);
  if (unknown.length === 0) return;
  const told = unknown.map(({ name, meant }) => `${name} is no setting${meant ? `; did you mean ${meant}?` : '.'}`);
  throw new PalateError('BAD_USER_INPUT', `${told.join(' ')} Correct or remove it; docs/operations.md lists them all.`);
}

/** Resolves with the first SIGINT or SIGTERM, which also aborts `stopped`; a second one ends the process at once. */
function waitForSignal(stopped: AbortController): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      stopped.abort();
      resolve(signal);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopped.signal.aborted) process.exit(128 + constants.signals[signal]);
        stop(signal);
      });
    }
    if (process.env.npm_lifecycle_event) whenOrphaned(() => stop('SIGTERM'));
  });
}

/** npm hands SIGTERM to the shell between it and this process, which ends and says nothing: what is left of it is another parent. */
function whenOrphaned(act: () => void): void {
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    act();
  }, ORPHAN_MS);
  looking.unref();
}

/** Shows a fetch once for each mebibyte. */
function showFetch(progress: ProgressLine): AppOptions['onFetch'] {
  let shown = -1;
  return ({ received, total, source }) => {
    const done = toMebibytes(received);
    if (done === shown) return;
    shown = done;
    progress.show(`fetching the model from ${source} (MiB)`, done, toMebibytes(total ?? received));
  };
}

function toMebibytes(bytes: number): number {
  return Math.round(bytes / MEBIBYTE);
}
