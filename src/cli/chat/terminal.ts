/** The two ways to be talked to: a terminal (keys, redrawn text) and a pipe (lines in, lines out). */
import { createInterface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';
import { displayWidth } from './layout.js';
import type { RenderOptions } from './render.js';
import { ANSI, PLAIN } from './style.js';

/** Text that is drawn again and again in one place until it is final. */
export interface LiveText {
  update(lines: readonly string[]): void;
  /** Draws once more and leaves it there. */
  finish(lines: readonly string[]): void;
}

export interface Terminal {
  /** How to render now; changes when the window does. */
  options(): RenderOptions;
  print(lines: string | readonly string[]): void;
  /** One line of input; null at the end of it. */
  ask(prompt: string): Promise<string | null>;
  /** One of the keys, '' for none of them, null at the end of input. */
  key(keys: readonly string[]): Promise<string | null>;
  live(): LiveText;
  /** Calls back when somebody wants what is running to stop; returns how to stop listening. */
  onInterrupt(callback: () => void): () => void;
  close(): void;
}

const DEFAULT_WIDTH = 80;
const ETX = '\x03';
const EOT = '\x04';
const ESCAPE = '\x1b';

export function openTerminal(input: ReadStream, output: WriteStream, width?: number): Terminal {
  return input.isTTY && output.isTTY
    ? new ScreenTerminal(input, output, width)
    : new PipeTerminal(input, output, width);
}

/** Lines in, lines out: what is redrawn on a screen is printed once, when it is final. For scripts and transcripts. */
export class PipeTerminal implements Terminal {
  private readonly lines: AsyncIterator<string>;
  private readonly reader;
  private putBack: string | undefined;

  constructor(
    input: NodeJS.ReadableStream,
    private readonly output: NodeJS.WritableStream,
    /** Renders as for a terminal of this width; undefined puts replies under each other. */
    private readonly width?: number,
  ) {
    this.reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  options(): RenderOptions {
    return { width: this.width ?? DEFAULT_WIDTH, columns: this.width !== undefined, style: PLAIN };
  }

  print(lines: string | readonly string[]): void {
    this.output.write(`${typeof lines === 'string' ? lines : lines.join('\n')}\n`);
  }

  async ask(prompt: string): Promise<string | null> {
    const line = await this.next();
    if (line !== null) this.print(`${prompt}${line}`);
    return line;
  }

  async key(keys: readonly string[]): Promise<string | null> {
    const line = await this.next();
    if (line === null) return null;
    const key = line.trim().toLowerCase();
    if (keys.includes(key) || key === '') {
      this.print(`> ${key}`);
      return key;
    }
    // Whoever does not vote writes the next message instead.
    this.putBack = line;
    return '';
  }

  live(): LiveText {
    return { update: () => {}, finish: (lines) => this.print(lines) };
  }

  onInterrupt(): () => void {
    return () => {};
  }

  close(): void {
    this.reader.close();
  }

  private async next(): Promise<string | null> {
    if (this.putBack !== undefined) {
      const line = this.putBack;
      this.putBack = undefined;
      return line;
    }
    const { done, value } = await this.lines.next();
    return done ? null : value;
  }
}

/** A screen: raw keys, and text that is redrawn in place. */
export class ScreenTerminal implements Terminal {
  private history: string[] = [];

  constructor(
    private readonly input: ReadStream,
    private readonly output: WriteStream,
    private readonly width?: number,
  ) {}

  options(): RenderOptions {
    const style = process.env.NO_COLOR ? PLAIN : ANSI;
    return { width: this.width ?? (this.output.columns || DEFAULT_WIDTH), columns: true, style };
  }

  print(lines: string | readonly string[]): void {
    this.output.write(`${typeof lines === 'string' ? lines : lines.join('\n')}\n`);
  }

  ask(prompt: string): Promise<string | null> {
    return new Promise((resolve) => {
      const reader = createInterface({
        input: this.input,
        output: this.output,
        history: this.history,
        prompt: this.options().style.accent(prompt),
      });
      let answer: string | null = null;
      reader.on('history', (history: string[]) => {
        this.history = history;
      });
      reader.on('line', (line) => {
        answer = line;
        reader.close();
      });
      reader.on('SIGINT', () => reader.close());
      reader.on('close', () => {
        if (answer === null) this.output.write('\n');
        resolve(answer);
      });
      reader.prompt();
    });
  }

  key(keys: readonly string[]): Promise<string | null> {
    return new Promise((resolve) => {
      const release = this.raw((pressed) => {
        const key = pressed.toLowerCase();
        let answer: string | null | undefined;
        if (key === ETX || key === EOT) answer = null;
        else if (key === '\r' || key === '\n') answer = '';
        else if (keys.includes(key)) answer = key;
        if (answer === undefined) return;
        release();
        resolve(answer);
      });
    });
  }

  live(): LiveText {
    return new ScreenText(this.output);
  }

  onInterrupt(callback: () => void): () => void {
    return this.raw((pressed) => {
      if (pressed === ETX || pressed === ESCAPE) callback();
    });
  }

  close(): void {
    this.input.pause();
  }

  /** Gets every key press until it is released. */
  private raw(listener: (pressed: string) => void): () => void {
    const onData = (data: Buffer | string) => listener(String(data));
    this.input.setRawMode(true);
    this.input.on('data', onData);
    this.input.resume();
    return () => {
      this.input.off('data', onData);
      this.input.setRawMode(false);
      this.input.pause();
    };
  }
}

/** The part of the screen that is drawn again: as high as the window at most, while it is not final. */
class ScreenText implements LiveText {
  private shown: readonly string[] = [];

  constructor(private readonly output: WriteStream) {}

  update(lines: readonly string[]): void {
    const height = Math.max(1, (this.output.rows || 24) - 1);
    this.draw(lines.slice(-height));
  }

  finish(lines: readonly string[]): void {
    this.draw(lines);
  }

  private draw(lines: readonly string[]): void {
    const up = rowsOf(this.shown, this.output.columns || DEFAULT_WIDTH);
    const home = up > 0 ? `\x1b[${up}A\r\x1b[J` : '';
    // One write a frame, and none in the middle of an escape sequence, so that nothing flickers.
    this.output.write(home + lines.map((line) => `${line}\n`).join(''));
    this.shown = lines;
  }
}

/** Rows that lines take on a window of this many columns: after it became narrower, a line may take several. */
export function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce((rows, line) => rows + Math.max(1, Math.ceil(displayWidth(line) / columns)), 0);
}
