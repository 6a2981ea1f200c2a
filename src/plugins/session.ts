/** What a running plugin is given, wherever it runs: client, storage, log, signal. */

import { createPalateClient, type Executor, type PalateClient, PalateClientError } from '../client/index.js';
import { messageOf } from '../common/errors.js';
import { StartedParts } from '../common/lifecycle.js';
import { stepwise } from '../common/stream.js';
import type { LogFacts, PluginContext, PluginLog, PluginStorage, StoredEntry } from './contract.js';
import { withTimeout } from './timeout.js';

/** Where log lines go. */
export type WriteLog = (level: keyof PluginLog, message: string, facts: LogFacts) => void;

export interface PluginSession {
  context: PluginContext<Record<string, unknown>>;
  /** Aborts the plugin's signal. */
  end(): void;
  /** Lets go of what the plugin said it had opened. Never rejects. */
  letGo(): Promise<void>;
  /** The plugin is over: whatever it left behind can do nothing more through its client. */
  close(): Promise<void>;
  /** The last thing the plugin said; null when it has said nothing. */
  lastSaid(): string | null;
}

/** @param stopMs what letting go of everything may take */
export function openPluginSession(
  executor: Executor,
  config: Record<string, unknown>,
  write: WriteLog,
  stopMs: number,
): PluginSession {
  const ended = new AbortController();
  const closed = new AbortController();
  const client = createPalateClient({ executor: fenced(executor, closed.signal) });
  const untidy = (what: string, error: unknown) =>
    write('warn', `The plugin did not let go of ${what}`, { reason: messageOf(error) });
  const opened = new StartedParts(untidy);
  let lastSaid: string | null = null;
  const log = logOf((level, message, facts) => {
    lastSaid = message;
    write(level, message, facts);
  });
  return {
    context: {
      client,
      config,
      log,
      storage: storageOf(client),
      signal: ended.signal,
      onEnd: (what, close) => opened.add(what, close),
    },
    end: () => ended.abort(),
    letGo: () => withTimeout(stopMs, opened.stop(), 'it took too long').catch((error) => untidy('everything', error)),
    close: async () => {
      ended.abort();
      closed.abort();
      await client.close();
    },
    lastSaid: () => lastSaid,
  };
}

/** An executor whose calls end when the signal aborts, and that refuses everything from then on. */
function fenced(executor: Executor, closed: AbortSignal): Executor {
  // One controller a call: what a call hangs on its signal goes with the call.
  const open = new Set<() => void>();
  closed.addEventListener('abort', () => {
    for (const end of open) end();
  });
  const requireOpen = () => {
    if (closed.aborted) throw new PalateClientError('CANCELLED', 'The plugin has ended.');
  };
  return {
    execute: async (request, signal) => {
      requireOpen();
      const call = new AbortController();
      const end = () => call.abort();
      open.add(end);
      signal?.addEventListener('abort', end, { once: true });
      if (signal?.aborted) end();
      try {
        return await executor.execute(request, call.signal);
      } finally {
        signal?.removeEventListener('abort', end);
        open.delete(end);
      }
    },
    subscribe: (request, options) => {
      requireOpen();
      const responses = executor.subscribe(request, options);
      const end = () => void responses.return?.();
      open.add(end);
      return stepwise(responses, async (take) => {
        let goesOn = false;
        try {
          const step = await take();
          goesOn = !step.done;
          return step;
        } finally {
          if (!goesOn) open.delete(end);
        }
      });
    },
    close: async () => executor.close?.(),
  };
}

export function logOf(write: WriteLog): PluginLog {
  const at =
    (level: keyof PluginLog) =>
    (message: string, facts: LogFacts = {}) =>
      write(level, String(message), facts);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function storageOf(client: PalateClient): PluginStorage {
  return {
    // A key is its own first extension.
    get: async (key) => (await client.storage(key, { first: 1 })).find((entry) => entry.key === key)?.value ?? null,
    set: async (key, value, options) => void (await client.setStorage(key, value, options?.memberId)),
    delete: async (key) => void (await client.setStorage(key, null)),
    async *list(prefix) {
      for (let after: string | undefined; ; ) {
        // As many at a time as the service gives.
        const entries: StoredEntry[] = await client.storage(prefix, { after });
        if (entries.length === 0) return;
        yield* entries.map(({ key, value }) => ({ key, value }));
        after = entries[entries.length - 1].key;
      }
    },
  };
}
