/**
 * A message that grows: the newest state is what is written, never more often than the platform takes edits, and never two
 * edits at once. What came meanwhile is left out.
 */
export interface GrowingParts<Page> {
  /** Posts the message and resolves with its id. */
  post(page: Page): Promise<string>;
  edit(id: string, page: Page): Promise<void>;
  /** Hears of a growing state that could not be written; the message goes on with the next. */
  onError(error: unknown): void;
  /** Milliseconds between two edits. */
  intervalMs: number;
}

export class GrowingMessage<Page> {
  private id: string | null = null;
  private newest: Page | null = null;
  private work: Promise<void> | null = null;
  private lastEdit = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: GrowingParts<Page>) {}

  show(page: Page): void {
    this.newest = page;
    this.pump();
  }

  /** Writes the last state, and resolves with the message's id. */
  async finish(page: Page): Promise<string> {
    this.newest = null;
    clearTimeout(this.timer);
    await this.work;
    return this.write(page);
  }

  private pump(): void {
    if (this.work || this.newest === null) return;
    clearTimeout(this.timer);
    const wait = this.id === null ? 0 : this.lastEdit + this.parts.intervalMs - Date.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.pump(), wait);
      return;
    }
    const page = this.newest;
    this.newest = null;
    this.work = this.write(page)
      .then(() => {}, this.parts.onError)
      .finally(() => {
        this.work = null;
        this.lastEdit = Date.now();
        this.pump();
      });
  }

  private async write(page: Page): Promise<string> {
    if (this.id === null) this.id = await this.parts.post(page);
    else await this.parts.edit(this.id, page);
    return this.id;
  }
}
