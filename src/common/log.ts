/** The process's log. One line of JSON a record, or readable text on a terminal. */
import { type Logger, pino } from 'pino';

export type Log = Logger;

export function createLog(level = process.env.PALATE_LOG ?? 'info'): Log {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
}
