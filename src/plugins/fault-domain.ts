/**
 * Errors that nobody catches, told to the plugin they came from. Node keeps the asynchronous context of the code that threw while it
 * reports the error, so whatever a plugin began (timers, sockets, promises) leads back to it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

interface Domain {
  fault(error: unknown): void;
}

const domains = new AsyncLocalStorage<Domain>();
let watching = false;

/** Runs the work, and whatever it begins, in a domain of its own: errors that nobody catches there go to `fault`. */
export function runInDomain<T>(fault: (error: unknown) => void, work: () => T): T {
  if (!watching) process.on('uncaughtException', onUncaught);
  watching = true;
  return domains.run({ fault }, work);
}

/** Runs the work in nobody's domain: the service's own faults are not the plugin's that called it. */
export function runOutside<T>(work: () => T): T {
  return domains.exit(work);
}

function onUncaught(error: unknown): void {
  const domain = domains.getStore();
  if (domain) domain.fault(error);
  else if (process.listenerCount('uncaughtException') === 1) {
    // Nobody's: without this listener it ends the process, as it always did.
    process.off('uncaughtException', onUncaught);
    watching = false;
    setImmediate(() => {
      throw error;
    });
  }
}
