// Packs the product, installs the package into an empty folder as a stranger would, leaves out what other machines need, and runs the
// service from there until it is ready. Takes about a minute and some 600 MB of disk for that time: npm run check:packed
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runService } from './service.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'palate-packed-'));
const model = resolve(process.env.PALATE_DATA ?? join(root, '.palate'), 'models');

function run(program, cwd, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  if (/EBADENGINE|Unknown .*config/.test(stderr)) throw new Error(`${program} ${args.join(' ')} warns:\n${stderr}`);
  return stdout;
}

try {
  const [{ filename }] = JSON.parse(run('npm', root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder));
  writeFileSync(join(folder, 'package.json'), '{}');
  run('npm', folder, 'install', '--no-audit', '--no-fund', join(folder, filename));
  process.stdout.write(run('node', folder, 'node_modules/palate/install/trim.mjs'));
  const known = existsSync(model) ? ['--model', join(model, 'SmolLM2-135M-Instruct.Q4_1.gguf')] : [];
  const bin = join(folder, 'node_modules/palate/dist/src/cli/main.js');
  const command = [process.execPath, bin, 'start', '--data', join(folder, 'data'), ...known];
  await runService(command, { cwd: folder, env: process.env });
  console.log('The package installs, and the service runs from it.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
