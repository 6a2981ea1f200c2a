/**
 * A message that grows: the newest state is what is written, never more often than Discord takes edits, and never two
 * edits at once. What came meanwhile is left out.
 */
import type { Page } from './draw.js';
import type { Surface } from './surface.js';

/** Milliseconds between two edits: Discord takes about five in five seconds. */
export const EDIT_MS = 1_100;

export class Draft {
  /** The id of the first message, once there is one. */
  id: string | null = null;
  private newest: Page | null = null;
  private work: Promise<void> | null = null;
  private lastEdit = 0;
  private timer: NodeJS.Timeout | undefined;

  /** `onError` hears of an edit that failed; the draft then goes on with the next. */
  constructor(
    private readonly surface: Surface,
    private readonly onError: (error: unknown) => void,
  ) {}

  show(page: Page): void {
    this.newest = page;
    this.pump();
  }

  /** Writes the last state: the first page where the draft is, the others behind it. Resolves with all ids. */
  async finish(pages: readonly Page[]): Promise<string[]> {
    this.newest = null;
    clearTimeout(this.timer);
    await this.work;
    const [first, ...rest] = pages;
    if (this.id === null) this.id = await this.surface.post(first, 0);
    else await this.surface.edit(this.id, first);
    const ids = [this.id];
    for (const [i, page] of rest.entries()) ids.push(await this.surface.post(page, i + 1));
    return ids;
  }

  private pump(): void {
    if (this.work || !this.newest) return;
    clearTimeout(this.timer);
    const wait = this.id === null ? 0 : this.lastEdit + EDIT_MS - Date.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.pump(), wait);
      return;
    }
    const page = this.newest;
    this.newest = null;
    this.work = this.write(page)
      .catch(this.onError)
      .finally(() => {
        this.work = null;
        this.lastEdit = Date.now();
        this.pump();
      });
  }

  private async write(page: Page): Promise<void> {
    if (this.id === null) this.id = await this.surface.post(page, 0);
    else await this.surface.edit(this.id, page);
  }
}
