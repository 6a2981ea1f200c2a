/** The machine's clock as a test sets it, for this thread and for those that are started while it is set: the embedded database's too. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

export interface SteppedClock {
  /** When it was made. */
  readonly begin: number;
  /** Sets it ahead of the real one, or back behind it. */
  set(milliseconds: number): void;
  restore(): void;
}

export function steppedClock(): SteppedClock {
  const file = join(tmpdir(), `palate-clock-${process.pid}`);
  const begin = Date.now();
  const set = (milliseconds: number) => {
    // Renamed, so that no thread reads half a number.
    writeFileSync(`${file}.part`, String(milliseconds));
    renameSync(`${file}.part`, file);
    vi.setSystemTime(begin + milliseconds);
  };
  process.env.PALATE_TEST_CLOCK = file;
  vi.useFakeTimers({ toFake: ['Date'], now: begin });
  set(0);
  return {
    begin,
    set,
    restore: () => {
      vi.useRealTimers();
      delete process.env.PALATE_TEST_CLOCK;
      rmSync(file, { force: true });
    },
  };
}
