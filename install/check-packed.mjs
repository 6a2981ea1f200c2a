// Packs the product, installs the package into an empty folder as a stranger would, and runs the service from there until it is ready.
// Takes about a minute and some 600 MB of disk for that time: npm run check:packed
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'palate-packed-'));
const model = resolve(process.env.PALATE_DATA ?? join(root, '.palate'), 'models');

function npm(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`);
  if (/EBADENGINE|Unknown .*config/.test(stderr)) throw new Error(`npm ${args.join(' ')} warns:\n${stderr}`);
  return stdout;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function ready(url, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The service ended with status ${child.exitCode}.`);
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 200));
  }
}

try {
  const [{ filename }] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  writeFileSync(join(folder, 'package.json'), '{}');
  npm(folder, 'install', '--no-audit', '--no-fund', join(folder, filename));
  const port = await freePort();
  const known = existsSync(model) ? ['--model', join(model, 'SmolLM2-135M-Instruct.Q4_1.gguf')] : [];
  const bin = join(folder, 'node_modules/palate/dist/src/cli/main.js');
  const flags = ['start', '--port', String(port), '--data', join(folder, 'data'), ...known];
  const child = spawn(process.execPath, [bin, ...flags], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise((done) => child.once('exit', done));
  try {
    const url = `http://127.0.0.1:${port}`;
    await ready(url, child);
    for (const path of ['/', '/graphql']) {
      const { status } = await fetch(url + path, { headers: { accept: 'text/html' } });
      if (status !== 200) throw new Error(`${path} is answered with ${status}.`);
    }
    if (!/assets\//.test(await (await fetch(url)).text())) throw new Error('The console was not packed.');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  console.log('The package installs, and the service runs from it.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
