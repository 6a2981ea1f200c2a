/** The SDK's log lines as the plugin's. Its debug lines hold what people wrote: they go nowhere. */
import { type Logger, LogLevel } from '@slack/bolt';
import type { PluginLog } from '../../src/plugins/contract.js';

export function sdkLogger(log: PluginLog): Logger {
  const line = (parts: readonly unknown[]) =>
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
  return {
    debug: () => {},
    info: (...parts) => log.debug(line(parts)),
    warn: (...parts) => log.info(line(parts)),
    error: (...parts) => log.warn(line(parts)),
    setLevel: () => {},
    getLevel: () => LogLevel.INFO,
    setName: () => {},
  };
}
