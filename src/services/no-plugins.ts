/** The plugins of a process that loads none. */
import { PalateError } from '../common/errors.js';
import type { PluginService } from './services.js';

const unknown = async (name: string): Promise<never> => {
  throw new PalateError('NOT_FOUND', `There is no plugin "${name}". This service was started without plugins.`);
};

export const NO_PLUGINS: PluginService = {
  list: async () => [],
  async *watch(signal) {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  },
  configure: unknown,
  diagnose: unknown,
  start: unknown,
  stop: unknown,
};
