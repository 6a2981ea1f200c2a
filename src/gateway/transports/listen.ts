/** Listening on a port, and what to say when it cannot be had. */
import { createServer, type Server } from 'node:http';
import { type Settings, VARIABLES } from '../../common/config.js';
import { PalateError } from '../../common/errors.js';

export type Address = Pick<Settings, 'host' | 'port'>;

/** @throws PalateError CONFLICT when the port is taken, BAD_USER_INPUT when the address is not this machine's */
export function listen(server: Server, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => resolve());
  });
}

/**
 * Whether the address can be had, before anything is opened that takes long: it is listened on for a moment.
 * @throws PalateError as `listen` does
 */
export async function requireFree(address: Address): Promise<void> {
  const server = createServer((_, response) => response.destroy());
  await listen(server, address);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    const advice = `Stop it, or choose another port with --port or ${VARIABLES.port}.`;
    return new PalateError('CONFLICT', `Another program listens on ${host} port ${port}. ${advice}`, { cause: error });
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND' || error.code === 'EACCES') {
    const advice = `Choose another with --host or ${VARIABLES.host}, --port or ${VARIABLES.port}.`;
    return new PalateError('BAD_USER_INPUT', `${host} port ${port} cannot be listened on (${error.code}). ${advice}`, {
      cause: error,
    });
  }
  return error;
}
