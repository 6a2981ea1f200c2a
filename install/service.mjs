// What the checks of an installation share: a service that is started as somebody would, asked, and stopped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Answered by a service that is whole: readiness, the console and the explorer, as a browser asks for them. */
const PATHS = ['/readyz', '/', '/graphql'];

/**
 * Starts the service, hands `whileStarting` and then `whenReady` its address, and stops it.
 * @param command program and arguments
 * @param options as for spawn; the service is told a free port by PALATE_PORT
 * @throws Error when it ends by itself or does not answer
 */
export async function runService([program, ...args], options, { whileStarting, whenReady } = {}) {
  const port = await freePort();
  const env = { ...options.env, PALATE_PORT: String(port) };
  const child = spawn(program, args, { ...options, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  try {
    await whileStarting?.(env);
    await ready(url, child);
    for (const path of PATHS) {
      const { status } = await fetch(url + path, { headers: { accept: 'text/html' } });
      if (status !== 200) throw new Error(`${path} is answered with ${status}.`);
    }
    if (!/assets\//.test(await (await fetch(url)).text())) throw new Error('The console is missing.');
    await whenReady?.(env);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  if (child.exitCode !== 0) throw new Error(`The service ended with status ${child.exitCode} when it was stopped.`);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
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
