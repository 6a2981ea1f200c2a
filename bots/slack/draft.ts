/** Replies while they grow, and when they are finished, as one message that is changed, with more behind it if need be. */
import {
  type Button,
  brokenOff,
  continueButtons,
  type FinishedReply,
  GrowingMessage,
  growingText,
  offerButtons,
  offerMessages,
  PLATFORM_LIMITS,
  stopButton,
} from '../kit/index.js';
import type { Question } from './asking.js';
import type { Bot } from './bot.js';
import { drawPage, type Page } from './draw.js';
import type { Place } from './place.js';
import { change, findByKey, postOnce } from './surface.js';
import { type SlackWords, writtenEmoji } from './words.js';

export const LIMIT = PLATFORM_LIMITS.slack.block;

/** What is shown while replies grow, in the order they are shown. */
export interface Growing {
  generationId: string;
  texts: readonly string[];
}

/** Where in line a question is. */
export interface InLine {
  generationId: string;
  ahead: number;
  seconds: number;
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
  /** Says that the question is there, and where in line, if that is known. */
  wait(inLine: InLine | null): void;
  show(growing: Growing): void;
  /** Resolves with the messages' timestamps. */
  finish(finished: Finished): Promise<string[]>;
  /** Ends with a sentence about what went wrong. */
  fail(sentence: string): Promise<void>;
  /** Writes nothing any more. */
  end(): void;
}

/** The buttons under finished replies. */
export function finishedButtons(bot: Bot, { replies, order, words, learning }: Finished): Button[][] {
  return [
    ...(learning && bot.config.controls !== 'reactions' ? offerButtons(order.length, words) : []),
    ...continueButtons(replies, order, words),
  ];
}

/** The finished replies as messages, with the buttons they are voted on with. */
function finishedPages(bot: Bot, finished: Finished): Page[] {
  const { replies, order, words, learning } = finished;
  const emojiMap = writtenEmoji(bot.emojiMap);
  const contents = offerMessages(replies, order, { words, emojiMap, limit: LIMIT, learning });
  const buttons = finishedButtons(bot, finished);
  return contents.map((content, i) => ({ content, buttons: i === contents.length - 1 ? buttons : [] }));
}

/** One message, changed as the text grows. */
export class MessageDraft implements Draft {
  private readonly message: GrowingMessage<Page>;
  private readonly place: Place;
  private readonly key: string;
  private readonly words: Promise<SlackWords>;
  /** What there is of the answer. */
  private text = '';

  /** `onError` hears of a change that failed; the draft goes on with the next. */
  constructor(
    private readonly bot: Bot,
    { place, key, words, standing, begunSince, posted }: Question,
    onError: (error: unknown) => void,
  ) {
    this.place = place;
    this.key = key;
    this.words = words;
    this.message = new GrowingMessage({
      post: async (page) => {
        const ts = await this.postOrTakeUp(page, begunSince ?? null);
        posted(ts);
        return ts;
      },
      edit: (ts, page) => change(bot, place, ts, drawPage(page)),
      onError,
      lane: bot.budgets.updates.lane(place.team),
      id: standing,
    });
  }

  wait(inLine: InLine | null): void {
    this.draw(inLine?.generationId ?? null, ({ vote }) =>
      inLine ? vote.waiting(inLine.ahead, inLine.seconds) : vote.received,
    );
  }

  show({ generationId, texts }: Growing): void {
    this.text = growingText(texts, LIMIT);
    this.draw(generationId, () => this.text);
  }

  private draw(generationId: string | null, content: (words: SlackWords) => string): void {
    void this.words.then((words) => {
      const buttons = generationId === null ? [] : stopButton(generationId, words);
      this.message.show({ content: content(words), buttons });
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

  end(): void {
    this.message.end();
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
