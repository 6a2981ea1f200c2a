/** One line of progress on a terminal, rewritten in place; one line in ten steps where there is no terminal. */
import type { WriteStream } from 'node:tty';

const WIDTH = 24;

export class ProgressLine {
  private readonly started = new Map<string, { at: number; done: number }>();
  private open = false;

  constructor(private readonly stream: WriteStream | NodeJS.WriteStream) {}

  /** @param facts numbers worth seeing beside the bar */
  show(stage: string, done: number, total: number, facts: object = {}): void {
    const first = this.started.get(stage) ?? { at: performance.now(), done: done - 1 };
    this.started.set(stage, first);
    const seconds = (performance.now() - first.at) / 1000;
    const left = (seconds / Math.max(1, done - first.done)) * (total - done);
    const filled = Math.round((WIDTH * done) / Math.max(1, total));
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const rest = Object.entries(facts).map(([name, value]) => `${name} ${shortNumber(value)}`);
    const line = [`${stage.padEnd(8)} ${bar} ${done}/${total}`, `${Math.ceil(left)} s left`, ...rest].join('  ');
    if (this.stream.isTTY) this.stream.write(`\r\x1b[2K${line}`);
    else if (done % 10 === 0 || done === total) this.stream.write(`${line}\n`);
    this.open = Boolean(this.stream.isTTY);
  }

  end(): void {
    if (this.open) this.stream.write('\n');
    this.open = false;
  }
}

function shortNumber(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : String(value);
}
