/**
 * Replies as messages that Slack streams, one for each: such a message can only grow, so two replies side by side are two
 * of them. Whatever goes wrong with a stream, the message is set right at the end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { backOff } from '../../src/common/back-off.js';
import { closingLines, LETTERS, layoutReplies } from '../kit/index.js';
import type { Bot } from './bot.js';
import { type Draft, type Finished, finishedButtons, type Growing, type InLine, LIMIT } from './draft.js';
import { drawButtons, drawPage } from './draw.js';
import { withoutMentions } from './mrkdwn.js';
import type { Place } from './place.js';
import { isAmbiguous, isGone, waitOf } from './refusals.js';
import { AGAIN, changeInTurn, findPosted, postOnce } from './surface.js';
import { type SlackWords, writtenEmoji } from './words.js';

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
  private readonly since = Date.now();

  constructor(
    private readonly bot: Bot,
    private readonly target: StreamTarget,
    private readonly key: string,
    private readonly words: Promise<SlackWords>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Slack shows the bot's status by itself; the place in line goes there. */
  wait(inLine: InLine | null): void {
    const { scope, channel, thread } = this.target;
    if (!inLine) return;
    const show = async () => {
      const { api } = await this.bot.workspaces.at(scope);
      const status = (await this.words).slack.inLine(inLine.ahead, inLine.seconds);
      await api.assistant.threads.setStatus({ channel_id: channel, thread_ts: thread, status });
    };
    show().catch((error: unknown) => this.bot.log.debug('A status could not be shown', { error }));
  }

  show({ texts }: Growing): void {
    if (this.streams.length === 0) this.streams = texts.map(() => ({ ts: null, sent: '', torn: false }));
    // Cut at a space: what would be a mention then never arrives in two pieces.
    this.texts = texts.map((text, i) => this.labelled(text.slice(0, text.search(/\S*$/)), i, texts.length));
    this.pump();
  }

  async finish(finished: Finished): Promise<string[]> {
    await this.quiet();
    const { order, replies, words, learning } = finished;
    const buttons = finishedButtons(this.bot, finished);
    const lines = closingLines(replies, order, { words, emojiMap: writtenEmoji(this.bot.emojiMap), learning });
    const stamps: string[] = [];
    for (const [i, id] of order.entries()) {
      const reply = replies.find((one) => one.id === id);
      const isLast = i === order.length - 1;
      const cancelled = reply?.finishReason === 'CANCELLED' ? `\n${words.vote.cancelled}` : '';
      const label = order.length > 1 ? LETTERS[i] : '';
      const pages = layoutReplies([{ label, text: `${reply?.text ?? ''}${cancelled}` }], LIMIT - lines.length - 2);
      if (isLast && lines !== '') pages[pages.length - 1] += `\n\n${lines}`;
      stamps.push(...(await this.close(i, pages, isLast ? buttons : [])));
    }
    return stamps;
  }

  async fail(sentence: string): Promise<void> {
    await this.quiet();
    if (this.streams.length === 0) this.streams = [{ ts: null, sent: '', torn: false }];
    for (const [i, { sent }] of this.streams.entries()) {
      const isLast = i === this.streams.length - 1;
      const page = isLast ? `${sent}${sent === '' ? '' : '\n\n'}${sentence}` : sent;
      if (page !== '') await this.close(i, [page], []);
    }
  }

  private labelled(text: string, place: number, count: number): string {
    return withoutMentions(count > 1 ? `**${LETTERS[place]}**\n${text}` : text);
  }

  end(): void {
    this.texts = [];
    this.lanes.starts.leave(this);
    this.lanes.pieces.leave(this);
  }

  private async quiet(): Promise<void> {
    this.end();
    await this.work;
    this.end();
  }

  private get lanes() {
    const { starts, pieces } = this.bot.budgets;
    return { starts: starts.lane(this.target.team), pieces: pieces.lane(this.target.team) };
  }

  /** Asks for its turn in the workspace's budget: for the next stream to be begun, and for the one that lacks most. */
  private pump(): void {
    if (this.work || this.texts.length === 0) return;
    const { starts, pieces } = this.lanes;
    if (this.nextToBegin()) starts.request(this, 'CONTROL', () => this.run(this.nextToBegin()));
    if (!this.longest()) return;
    pieces.join(this);
    pieces.request(this, 'GROWING', () => this.run(this.longest()));
  }

  private run(stream: Streamed | undefined): void {
    if (this.work || !stream) return;
    this.work = this.grow(stream).finally(() => {
      this.work = null;
      this.pump();
    });
  }

  /** In order, so that the messages stand in the order of their letters. */
  private nextToBegin(): Streamed | undefined {
    const next = this.streams.findIndex(({ ts, torn }) => ts === null && !torn);
    return next >= 0 && (this.texts[next] ?? '') !== '' ? this.streams[next] : undefined;
  }

  private longest(): Streamed | undefined {
    const lacking = this.streams
      .map((stream, i) => ({ stream, text: this.texts[i] ?? '' }))
      .filter(({ stream, text }) => stream.ts !== null && !stream.torn && text.startsWith(stream.sent))
      .map(({ stream, text }) => ({ stream, lacks: text.length - stream.sent.length }))
      .filter(({ lacks }) => lacks > 0);
    return lacking.sort((a, b) => b.lacks - a.lacks).at(0)?.stream;
  }

  /** Begins a stream, or sends it what it lacks. */
  private async grow(stream: Streamed): Promise<void> {
    const text = this.texts[this.streams.indexOf(stream)] ?? '';
    try {
      if (stream.ts === null) await this.begin(stream, text);
      else await this.append(stream, text);
    } catch (error) {
      stream.torn = true;
      this.onError(error);
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
  private async close(
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
      if (!stopped || !fits) await changeInTurn(this.bot, this.target, stream.ts, drawPage(first));
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
        await delay(wait ?? backOff(attempt, AGAIN), undefined, { signal: this.bot.signal });
      }
    }
    return false;
  }
}
