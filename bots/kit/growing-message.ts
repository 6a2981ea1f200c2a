/**
 * A message that grows: the newest state is what is written, when the place's budget has room for it, and never two writes at
 * once. What came meanwhile is left out. The last state goes before everything that only grows.
 */
import type { WriteLane } from './write-budget.js';

export interface GrowingParts<Page> {
  /** Posts the message and resolves with its id. */
  post(page: Page): Promise<string>;
  edit(id: string, page: Page): Promise<void>;
  /** Hears of a growing state that could not be written; the message goes on with the next. */
  onError(error: unknown): void;
  /** Where the place's edits are counted. */
  lane: WriteLane;
  /** A message that stands there already, from before a restart. */
  id?: string;
}

export class GrowingMessage<Page> {
  private id: string | null;
  private newest: Page | null = null;
  private work: Promise<void> | null = null;
  private isFinished = false;

  constructor(private readonly parts: GrowingParts<Page>) {
    this.id = parts.id ?? null;
  }

  show(page: Page): void {
    if (this.isFinished) return;
    this.parts.lane.join(this);
    this.newest = page;
    this.pump();
  }

  /** Writes the last state, and resolves with the message's id. */
  async finish(page: Page): Promise<string> {
    this.isFinished = true;
    this.newest = null;
    await this.work;
    if (this.id !== null) await this.parts.lane.turn('FINAL', this);
    this.parts.lane.leave(this);
    return this.write(page);
  }

  /** Writes nothing any more. */
  end(): void {
    this.isFinished = true;
    this.newest = null;
    this.parts.lane.leave(this);
  }

  private pump(): void {
    if (this.work || this.newest === null) return;
    if (this.id === null) this.begin();
    else this.parts.lane.request(this, 'GROWING', () => this.begin());
  }

  private begin(): void {
    const page = this.newest;
    if (page === null) return;
    this.newest = null;
    this.work = this.write(page)
      .then(() => {}, this.parts.onError)
      .finally(() => {
        this.work = null;
        this.pump();
      });
  }

  private async write(page: Page): Promise<string> {
    if (this.id === null) this.id = await this.parts.post(page);
    else await this.parts.edit(this.id, page);
    return this.id;
  }
}
