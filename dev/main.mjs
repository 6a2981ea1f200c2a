// npm run dev: the service from its sources, started again when one changes, and the console by Vite, which takes changes without a reload.
// What stands behind two dashes is given to `palate start`; the port comes from PALATE_PORT.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { consoleServer } from './console-server.mjs';

const port = process.env.PALATE_PORT || '4000';
const server = await consoleServer(`http://127.0.0.1:${port}`);
await server.listen();
const [page] = server.resolvedUrls.local;

const watch = [createRequire(import.meta.url).resolve('tsx/cli'), 'watch', '--clear-screen=false'];
const files = ['--include', 'src/**/*', '--include', 'bots/**/*', '--exclude', 'src/console/**/*'];
const service = spawn(process.execPath, [...watch, ...files, 'src/cli/main.ts', 'start', ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  // The links that it prints lead to the page that changes.
  env: { PALATE_PUBLIC_URL: page, ...process.env, PALATE_PORT: port },
  stdio: 'inherit',
});
// A terminal's SIGINT reaches the service too, and a second one would end it at once.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => service.kill('SIGTERM'));
service.once('exit', async (code) => {
  await server.close();
  process.exit(code ?? 1);
});
