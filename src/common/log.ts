/** The process's log. One line of JSON a record, or readable text on a terminal. */
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** @param level what is logged at least; the variable PALATE_LOG unless it is given */
export function createLog(level = process.env.PALATE_LOG ?? 'info', output: NodeJS.WriteStream = process.stdout): Log {
  const options = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  return output.isTTY ? pino(options, terminal(output)) : pino(options);
}

const LEVEL_NAMES: Record<number, string> = { 40: 'warning: ', 50: 'error: ', 60: 'fatal: ' };

/** Writes records as people read them: time of day, what happened, then its facts. */
function terminal(output: NodeJS.WriteStream): DestinationStream {
  return { write: (line) => void output.write(`${readable(JSON.parse(line))}\n`) };
}

/** One record as a line of text; an error's stack follows on lines of its own. */
export function readable({ level, time, msg, err, ...facts }: Record<string, unknown>): string {
  const clock = String(time).slice(11, 19);
  const rest = Object.entries(facts).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const stack = (err as { stack?: string } | undefined)?.stack;
  return `${[clock, `${LEVEL_NAMES[level as number] ?? ''}${msg ?? ''}`, ...rest].join(' ')}${stack ? `\n${stack}` : ''}`;
}
