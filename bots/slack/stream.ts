/**
 * Replies as messages that Slack streams, one for each: such a message can only grow, so two replies side by side are two
 * of them. Whatever goes wrong with a stream, the message is set right at the end.
 */
import { LETTERS, layoutReplies, offerButtons, offerMessages, pause } from '../kit/index.js';
import type { Bot } from './bot.js';
import { type Draft, type Finished, type Growing, LIMIT } from './draft.js';
import { drawButtons, drawPage } from './draw.js';
import { withoutMentions } from './mrkdwn.js';
import type { Place } from './place.js';
import { change, findPosted, postOnce } from './surface.js';
import { writtenTable } from './words.js';
import { isAmbiguous, isGone, waitOf } from './workspaces.js';

/** Milliseconds between two pieces of a stream: Slack takes about a hundred a minute. */
const PIECE_MS = 1_200;

interface Streamed {
  ts: string | null;
  /** What Slack has of it. */
  sent: string;
  /** Whether Slack may have something else than `sent`: then the whole message is written again at the end. */
  torn: boolean;
}

export interface StreamTarget extends Place {
  thread: string;
  user: string;
}

export class StreamDraft implements Draft {
  private streams: Streamed[] = [];
  private texts: string[] = [];
  private work: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private last = 0;
  private readonly since = Date.now();

  constructor(
    private readonly bot: Bot,
    private readonly target: StreamTarget,
    private readonly key: string,
    private readonly onError: (error: unknown) => void,
  ) {}

  show({ texts }: Growing): void {
    if (this.streams.length === 0) this.streams = texts.map(() => ({ ts: null, sent: '', torn: false }));
    // Cut at a space: what would be a mention then never arrives in two pieces.
    this.texts = texts.map((text, i) => this.labelled(text.slice(0, text.search(/\S*$/)), i, texts.length));
    this.pump();
  }

  async finish(finished: Finished): Promise<string[]> {
    await this.quiet();
    const { order, replies, words, learning } = finished;
    const buttons = learning && this.bot.config.controls !== 'reactions' ? offerButtons(order.length, words) : [];
    const whole = { words, table: writtenTable(this.bot.table), limit: LIMIT, learning };
    const line = offerMessages([], order, whole).at(-1)?.split('\n\n').at(-1) ?? '';
    const stamps: string[] = [];
    for (const [i, id] of order.entries()) {
      const reply = replies.find((one) => one.id === id);
      const isLast = i === order.length - 1;
      const cancelled = reply?.finishReason === 'CANCELLED' ? `\n${words.vote.cancelled}` : '';
      const label = order.length > 1 ? LETTERS[i] : '';
      const pages = layoutReplies([{ label, text: `${reply?.text ?? ''}${cancelled}` }], LIMIT - line.length - 2);
      if (isLast && learning) pages[pages.length - 1] += `\n\n${line}`;
      stamps.push(...(await this.end(i, pages, isLast ? buttons : [])));
    }
    return stamps;
  }

  async fail(sentence: string): Promise<void> {
    await this.quiet();
    if (this.streams.length === 0) this.streams = [{ ts: null, sent: '', torn: false }];
    for (const [i, { sent }] of this.streams.entries()) {
      const isLast = i === this.streams.length - 1;
      const page = isLast ? `${sent}${sent === '' ? '' : '\n\n'}${sentence}` : sent;
      if (page !== '') await this.end(i, [page], []);
    }
  }

  private labelled(text: string, place: number, count: number): string {
    return withoutMentions(count > 1 ? `**${LETTERS[place]}**\n${text}` : text);
  }

  private async quiet(): Promise<void> {
    clearTimeout(this.timer);
    this.texts = [];
    await this.work;
    clearTimeout(this.timer);
  }

  private pump(): void {
    if (this.work || this.texts.length === 0) return;
    clearTimeout(this.timer);
    const wait = this.last + PIECE_MS - Date.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.pump(), wait);
      return;
    }
    this.last = Date.now();
    this.work = this.grow().finally(() => {
      this.work = null;
      if (this.texts.some((text, i) => text.length > this.streams[i].sent.length)) this.pump();
    });
  }

  /** Sends each stream what it lacks, in order, so that the messages stand in the order of their letters. */
  private async grow(): Promise<void> {
    for (const [i, stream] of this.streams.entries()) {
      const text = this.texts[i] ?? '';
      if (stream.torn || !text.startsWith(stream.sent) || text.length === stream.sent.length) continue;
      try {
        if (stream.ts === null) await this.begin(stream, text);
        else await this.append(stream, text);
      } catch (error) {
        stream.torn = true;
        this.onError(error);
        if (isGone(error)) return;
      }
    }
  }

  private async begin(stream: Streamed, text: string): Promise<void> {
    const { once } = await this.bot.workspaces.at(this.target.scope);
    const { channel, thread, team, user } = this.target;
    const recipient = { recipient_team_id: team, recipient_user_id: user };
    try {
      const { ts } = await once.chat.startStream({ channel, thread_ts: thread, markdown_text: text, ...recipient });
      Object.assign(stream, { ts, sent: text });
    } catch (error) {
      if (!isAmbiguous(error)) throw error;
      // Its answer got lost: if the message is there, it is this one.
      const known = this.streams.map(({ ts }) => ts);
      const asked = this.target.thread;
      stream.ts = await findPosted(
        this.bot,
        this.target,
        this.since,
        ({ ts = '', metadata }) => ts > asked && !known.includes(ts) && !metadata,
      );
      throw error;
    }
  }

  private async append(stream: Streamed, text: string): Promise<void> {
    const { once } = await this.bot.workspaces.at(this.target.scope);
    const markdown_text = text.slice(stream.sent.length);
    await once.chat.appendStream({ channel: this.target.channel, ts: stream.ts as string, markdown_text });
    stream.sent = text;
  }

  /** Ends a reply's stream with its last words and buttons; a reply that did not stream is posted. */
  private async end(
    place: number,
    pages: readonly string[],
    buttons: Parameters<typeof drawButtons>[0],
  ): Promise<string[]> {
    const stream = this.streams[place] ?? { ts: null, sent: '', torn: true };
    const [first, ...rest] = pages.map((content, i) => ({ content, buttons: i === pages.length - 1 ? buttons : [] }));
    const stamps = [stream.ts ?? (await this.post(first, `${place}/0`))];
    if (stream.ts !== null) {
      const text = withoutMentions(first.content);
      const fits = !stream.torn && text.startsWith(stream.sent);
      const stopped = await this.stop(
        stream.ts,
        fits ? text.slice(stream.sent.length) : '',
        drawButtons(first.buttons),
      );
      if (!stopped || !fits) await change(this.bot, this.target, stream.ts, drawPage(first));
    }
    for (const [i, page] of rest.entries()) stamps.push(await this.post(page, `${place}/${i + 1}`));
    return stamps;
  }

  private post(page: Parameters<typeof drawPage>[0], part: string): Promise<string> {
    return postOnce(this.bot, this.target, drawPage(page), `${this.key}/${part}`);
  }

  /** Whether the stream ended as it was to. */
  private async stop(ts: string, rest: string, blocks: ReturnType<typeof drawButtons>): Promise<boolean> {
    const { once } = await this.bot.workspaces.at(this.target.scope);
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        const more = { ...(rest !== '' && { markdown_text: rest }), ...(blocks.length > 0 && { blocks }) };
        await once.chat.stopStream({ channel: this.target.channel, ts, ...more });
        return true;
      } catch (error) {
        if (isGone(error)) throw error;
        const wait = waitOf(error);
        if (wait === null && !isAmbiguous(error)) return false;
        await pause(wait ?? 250 * 2 ** attempt, this.bot.signal);
      }
    }
    return false;
  }
}
