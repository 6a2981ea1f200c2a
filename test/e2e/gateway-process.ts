/** A gateway in a process of its own, as `palate start` runs it, that tests may kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createPalateClient, type PalateClient } from '../../src/client/index.js';
import type { Limits } from '../../src/common/config.js';
import { prepareDatabase } from '../store/template.js';
import { MAIN, ROOT } from '../support/compiled.mjs';
import { defaultModelPath } from '../support/model.js';

const SERVED = join(ROOT, '.cache/served');

export interface GatewayProcess {
  client: PalateClient;
  url: string;
  /** Ends the process at once, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks the process to stop and waits for its exit status. */
  stop(): Promise<number | null>;
}

/** Starts on a free port, unless one is given, and resolves when the gateway says it is ready. */
export async function startGatewayProcess(
  data: string,
  { port = 0, limits = {} }: { port?: number; limits?: Partial<Limits> } = {},
): Promise<GatewayProcess> {
  await shareCompiled(data);
  // That one is made by the first start, others test.
  if (!existsSync(join(data, 'database'))) await prepareDatabase(data);
  await writeFile(join(data, 'palate.config.json'), JSON.stringify({ limits }));
  const child = spawn(process.execPath, [MAIN, 'start', '--port', String(port), '--data', data], {
    cwd: data,
    env: { ...process.env, PALATE_MODEL: await defaultModelPath(), PALATE_ADMIN_KEY: '', PALATE_THREADS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const url = await readyUrl(child);
  const key = (await readFile(join(data, 'admin-key'), 'utf8')).trim();
  const client = createPalateClient({ url, key });
  const end = async (signal: NodeJS.Signals) => {
    await client.close();
    const over = child.exitCode !== null || child.signalCode !== null;
    const gone = over ? [child.exitCode] : once(child, 'exit');
    child.kill(signal);
    return (await gone)[0] as number | null;
  };
  return { client, url, kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') };
}

/** What is compiled of the model is the same for all of them, and made once. */
async function shareCompiled(data: string): Promise<void> {
  await mkdir(SERVED, { recursive: true });
  await symlink(SERVED, join(data, 'cache')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function readyUrl(child: ChildProcess): Promise<string> {
  const output: string[] = [];
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('the process has no output');
  stderr.on('data', (chunk) => output.push(String(chunk)));
  for await (const line of createInterface({ input: stdout })) {
    output.push(line);
    const url = /"url":"([^"]+)"/.exec(line)?.[1];
    if (url) {
      stdout.resume();
      return url;
    }
  }
  throw new Error(`The gateway ended before it was ready:\n${output.join('\n')}`);
}
