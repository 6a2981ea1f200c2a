/** Replies while they grow, and when they are finished, as one message that is changed, with more behind it if need be. */
import {
  brokenOff,
  type FinishedReply,
  GrowingMessage,
  growingText,
  offerButtons,
  offerMessages,
  PLATFORM_LIMITS,
  stopButton,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPage, type Page } from './draw.js';
import type { Place } from './place.js';
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

/** One message, changed as the text grows. */
export class MessageDraft implements Draft {
  private readonly message: GrowingMessage<Page>;
  private text = '';

  /**
   * `key` tells this answer from all others. `onError` hears of a change that failed; the draft goes on with the next.
   * `since`: the moment in milliseconds since which a message of this answer may stand there already; null for none.
   */
  constructor(
    private readonly bot: Bot,
    private readonly place: Place,
    private readonly key: string,
    private readonly words: Promise<SlackWords>,
    onError: (error: unknown) => void,
    since: number | null,
  ) {
    this.message = new GrowingMessage({
      post: (page) => this.postOrTakeUp(page, since),
      edit: (ts, page) => change(bot, place, ts, drawPage(page)),
      onError,
      intervalMs: EDIT_MS,
    });
  }

  show({ generationId, texts }: Growing): void {
    this.text = growingText(texts, LIMIT);
    void this.words.then((words) => {
      this.message.show({ content: this.text, buttons: stopButton(generationId, words) });
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
    await this.settle({ content: brokenOff(this.text, sentence, LIMIT), buttons: [] });
  }

  /** Writes the last state of the first message, after every growing one that waits for the words. */
  private async settle(page: Page): Promise<string> {
    await this.words;
    return this.message.finish(page);
  }

  private async postOrTakeUp(page: Page, since: number | null): Promise<string> {
    const { bot, place } = this;
    const key = `${this.key}/0`;
    const found = since === null ? null : await findByKey(bot, place, since, key);
    if (found === null) return postOnce(bot, place, drawPage(page), key);
    await change(bot, place, found, drawPage(page));
    return found;
  }
}
