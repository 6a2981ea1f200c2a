/** Replies while they grow, and when they are finished, as one message that is changed, with more behind it if need be. */
import {
  type FinishedReply,
  LETTERS,
  layoutGrowing,
  offerButtons,
  offerMessages,
  PLATFORM_LIMITS,
  stopButton,
} from '../kit/index.js';
import type { Bot, Place } from './bot.js';
import { drawPage, type Page } from './draw.js';
import { change, findByKey, postOnce } from './surface.js';
import { type SlackWords, writtenTable } from './words.js';

export const LIMIT = PLATFORM_LIMITS.slack.block;

/** What is shown while replies grow, in the order they are shown. */
export interface Growing {
  generationId: string;
  texts: readonly string[];
}

/** What is shown at the end. */
export interface Finished {
  replies: readonly FinishedReply[];
  /** Ids as shown. */
  order: readonly string[];
  words: SlackWords;
  /** Whether votes are collected here. */
  learning: boolean;
}

export interface Draft {
  show(growing: Growing): void;
  /** Resolves with the messages' timestamps. */
  finish(finished: Finished): Promise<string[]>;
  /** Ends with a sentence about what went wrong. */
  fail(sentence: string): Promise<void>;
}

/** Milliseconds between two changes of a message: Slack takes about fifty a minute of them. */
const EDIT_MS = 1_500;

/** The finished replies as messages, with the buttons they are voted on with. */
export function finishedPages(bot: Bot, { replies, order, words, learning }: Finished): Page[] {
  const table = writtenTable(bot.table);
  const contents = offerMessages(replies, order, { words, table, limit: LIMIT, learning });
  const buttons = learning && bot.config.controls !== 'reactions' ? offerButtons(order.length, words) : [];
  return contents.map((content, i) => ({ content, buttons: i === contents.length - 1 ? buttons : [] }));
}

/** One message, changed as the text grows; the newest state is what is written, and never two changes at once. */
export class MessageDraft implements Draft {
  private ts: string | null = null;
  private text = '';
  private newest: Page | null = null;
  private work: Promise<void> | null = null;
  private lastEdit = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * `key` tells this answer from all others. `onError` hears of a change that failed; the draft goes on with the next.
   * `since`: the moment in milliseconds since which a message of this answer may stand there already; null for none.
   */
  constructor(
    private readonly bot: Bot,
    private readonly place: Place,
    private readonly key: string,
    private readonly words: Promise<SlackWords>,
    private readonly onError: (error: unknown) => void,
    private readonly since: number | null,
  ) {}

  show({ generationId, texts }: Growing): void {
    const replies = texts.map((text, i) => ({ label: texts.length > 1 ? LETTERS[i] : '', text }));
    this.text = layoutGrowing(replies, LIMIT);
    void this.words.then((words) => {
      this.newest = { content: this.text, buttons: stopButton(generationId, words) };
      this.pump();
    });
  }

  async finish(finished: Finished): Promise<string[]> {
    const [first, ...rest] = finishedPages(this.bot, finished);
    const stamps = [await this.settle(first)];
    for (const [i, page] of rest.entries()) {
      stamps.push(await postOnce(this.bot, this.place, drawPage(page), `${this.key}/${i + 1}`));
    }
    return stamps;
  }

  async fail(sentence: string): Promise<void> {
    const content =
      this.text === '' || this.text.length + sentence.length > LIMIT - 2 ? sentence : `${this.text}\n\n${sentence}`;
    await this.settle({ content, buttons: [] });
  }

  /** Writes the last state of the first message. */
  private async settle(page: Page): Promise<string> {
    await this.words;
    this.newest = null;
    clearTimeout(this.timer);
    await this.work;
    await this.write(page);
    return this.ts as unknown as string;
  }

  private pump(): void {
    if (this.work || !this.newest) return;
    clearTimeout(this.timer);
    const wait = this.ts === null ? 0 : this.lastEdit + EDIT_MS - Date.now();
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
    const key = `${this.key}/0`;
    if (this.ts === null && this.since !== null) this.ts = await findByKey(this.bot, this.place, this.since, key);
    if (this.ts === null) this.ts = await postOnce(this.bot, this.place, drawPage(page), key);
    else await change(this.bot, this.place, this.ts, drawPage(page));
  }
}
