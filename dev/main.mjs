// npm run dev: the service from its sources, started again when one changes, and the console by Vite, which takes changes without a reload.
// What stands behind two dashes is given to `palate start`; the port comes from PALATE_PORT.
import { spawn } from 'node:child_process';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { consoleServer } from './console-server.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['src', 'bots'].map((room) => ROOT + room);
/** Vite looks after it. */
const PAGE = `${SOURCES[0]}${sep}console${sep}`;
/** Editors write several files, or one several times. */
const SETTLED_MS = 200;
const PARENT_MS = 1_000;

const port = process.env.PALATE_PORT || '4000';
const server = await consoleServer(`http://127.0.0.1:${port}`);
await server.listen();
const [page] = server.resolvedUrls.local;

let service;
let [stopping, changed, settling] = [false, false, undefined];

function start() {
  changed = false;
  const typescript = ['--import', './test/support/register-typescript.mjs'];
  service = spawn(process.execPath, [...typescript, 'src/cli/main.ts', 'start', ...process.argv.slice(2)], {
    cwd: ROOT,
    // The links that it prints lead to the page that changes.
    env: { PALATE_PUBLIC_URL: page, ...process.env, PALATE_PORT: port },
    stdio: 'inherit',
  });
  service.once('exit', async () => {
    service = undefined;
    if (changed) return start();
    if (!stopping) return console.error('The service has ended. It starts again when a file of src or bots changes.');
    await server.close();
    process.exit(0);
  });
}

/** Once more from the sources as they are now. */
function startAgain() {
  if (stopping) return;
  changed = service !== undefined;
  if (service) service.kill('SIGTERM');
  else start();
}

async function stop() {
  stopping = true;
  changed = false;
  if (service) return service.kill('SIGTERM');
  await server.close();
  process.exit(0);
}

server.watcher.add(SOURCES).on('all', (_, path) => {
  if (!SOURCES.some((folder) => path.startsWith(folder + sep)) || path.startsWith(PAGE)) return;
  clearTimeout(settling);
  settling = setTimeout(startAgain, SETTLED_MS);
});
// A terminal's SIGINT reaches the service too, and a second one would end it at once.
process.on('SIGINT', () => {
  stopping = true;
  if (!service) stop();
});
// Vite's own would end this process before the service has ended.
process.removeAllListeners('SIGTERM').on('SIGTERM', stop);
// npm's shell ends without a word: what is left of it is another parent.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent && !stopping) stop();
}, PARENT_MS).unref();
start();
