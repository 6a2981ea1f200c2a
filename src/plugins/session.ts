/** What a running plugin is given, wherever it runs: client, storage, log, signal. */
import { createPalateClient, type Executor, type PalateClient, PalateClientError } from '../client/index.js';
import type { LogFacts, PluginContext, PluginLog, PluginStorage } from './contract.js';

/** Where log lines go. */
export type WriteLog = (level: keyof PluginLog, message: string, facts: LogFacts) => void;

export interface Session {
  context: PluginContext<Record<string, unknown>>;
  /** Aborts the plugin's signal. */
  end(): void;
  /** The plugin is over: whatever it left behind can do nothing more through its client. */
  close(): Promise<void>;
}

export function openSession(executor: Executor, config: Record<string, unknown>, write: WriteLog): Session {
  const ended = new AbortController();
  const closed = new AbortController();
  const client = createPalateClient({ executor: fenced(executor, closed.signal) });
  return {
    context: { client, config, log: logOf(write), storage: storageOf(client), signal: ended.signal },
    end: () => ended.abort(),
    close: async () => {
      ended.abort();
      closed.abort();
      await client.close();
    },
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
      const done = <T extends { done?: boolean }>(result: T): T => {
        if (result.done) open.delete(end);
        return result;
      };
      return {
        next: async () => done(await responses.next()),
        return: async () => done((await responses.return?.()) ?? { done: true as const, value: undefined }),
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
    close: async () => executor.close?.(),
  };
}

function logOf(write: WriteLog): PluginLog {
  const at =
    (level: keyof PluginLog) =>
    (message: string, facts: LogFacts = {}) =>
      write(level, String(message), facts);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

const LIST = `query Storage($prefix: String!, $first: Int, $after: String) {
  storage(prefix: $prefix, first: $first, after: $after) { key value }
}`;
const SET = `mutation SetStorage($key: String!, $value: String, $memberId: ID) {
  setStorage(key: $key, value: $value, memberId: $memberId)
}`;
/** Rows asked for at a time: what the service gives at most. */
const PAGE = 100;

function storageOf(client: PalateClient): PluginStorage {
  const page = async (prefix: string, first: number, after: string | null) => {
    const { storage } = await client.request(LIST, { prefix, first, after });
    return storage as { key: string; value: string }[];
  };
  return {
    // A key is its own first extension.
    get: async (key) => (await page(key, 1, null)).find((entry) => entry.key === key)?.value ?? null,
    set: async (key, value, options) => void (await client.request(SET, { key, value, memberId: options?.memberId })),
    delete: async (key) => void (await client.request(SET, { key, value: null })),
    async *list(prefix) {
      for (let after: string | null = null; ; ) {
        const entries: { key: string; value: string }[] = await page(prefix, PAGE, after);
        yield* entries;
        if (entries.length < PAGE) return;
        after = entries[entries.length - 1].key;
      }
    },
  };
}
