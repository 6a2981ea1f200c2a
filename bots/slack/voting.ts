/** Reactions and vote buttons, and what follows from a vote: asking for consent, new replies, an offer that is over. */
import type { types } from '@slack/bolt';
import { LRUCache } from 'lru-cache';
import type { FeedbackResult } from '../../src/client/index.js';
import {
  type Action,
  consentQuestion,
  LETTERS,
  MARKS,
  markLabel,
  markOf,
  type OfferTrackerParts,
  offeredMarks,
} from '../kit/index.js';
import type { SlackOffer } from './asking.js';
import type { Bot } from './bot.js';
import { drawView } from './draw.js';
import type { ReactionEvent } from './incoming.js';
import { placeReaction, type ReactionMoment } from './ordering.js';
import type { Asking } from './pages.js';
import { wordsOf } from './people.js';
import { goOn, regenerate } from './questions.js';
import type { Reconciler } from './reconcile.js';
import { isGone, refusal } from './refusals.js';
import { changeInTurn, postOnce } from './surface.js';
import { slackWords } from './words.js';

/** Seconds by which Slack's clock and ours may differ. */
const CLOCKS = 5;
const HELD = 20_000;

/** Takes reactions in, in whatever order and however often they come. */
export class Reactions {
  private readonly moments = new LRUCache<string, ReactionMoment[]>({ max: HELD });
  private readonly began = Date.now() / 1_000 + CLOCKS;

  constructor(
    private readonly bot: Bot,
    private readonly reconciler: Reconciler,
  ) {}

  /** Somebody's reaction came or went. */
  async take({ type, user, reaction, item, event_ts: at }: ReactionEvent): Promise<void> {
    const { emojiMap, tracker } = this.bot;
    const mark = reaction === undefined ? null : markOf(emojiMap, reaction);
    if (mark === null || !user || !item?.channel || !item.ts || !at) return;
    const offer = await tracker.find(item.channel, item.ts);
    if (!offer) return;
    // What happened before this process began may have been undone since: what stands there is what counts.
    if (Number(at) < this.began && mark !== 'REGENERATE') {
      await this.reconciler.one(offer);
      return;
    }
    const key = `${offer.generationId}/${user}`;
    const kind = type === 'reaction_added' ? 'added' : 'removed';
    const { history, changes } = placeReaction(this.moments.get(key) ?? [], { mark, kind, at });
    this.moments.set(key, history);
    for (const change of changes) await tracker.mark(item.channel, item.ts, user, change);
  }
}

/** A vote button: says to the voter alone what was counted. */
export async function pressVote(bot: Bot, asking: Asking, { arguments: [name] }: Action): Promise<void> {
  const mark = MARKS.find((known) => known === name);
  const { user, words, message, channel } = asking;
  const offer = mark && channel && message && (await bot.tracker.find(channel, message));
  if (!mark || !offer || !channel || !message || !offeredMarks(offer.candidates.length).includes(mark)) {
    return asking.reply(words.vote.expired);
  }
  recent(bot).set(user, asking);
  await bot.tracker.mark(channel, message, user, { kind: 'pressed', mark });
  if (mark === 'REGENERATE') return;
  const { given } = await bot.tracker.ballot(offer, user);
  const counted = given.at(-1)?.mark === mark;
  await asking.reply(counted ? words.vote.counted(markLabel(mark, words)) : words.vote.withdrawn);
}

/** The rest of a reply that reached its longest; its asker alone gets here. */
export async function pressContinue(bot: Bot, asking: Asking, { arguments: [letter] }: Action): Promise<void> {
  const { words, message, channel } = asking;
  const offer = channel && message ? await bot.tracker.find(channel, message) : null;
  const place = (LETTERS as readonly string[]).indexOf(letter);
  if (!offer || offer.candidates[place] === undefined) return asking.reply(words.vote.expired);
  if (!(await goOn(bot, offer as SlackOffer, place))) await asking.reply(words.vote.goesOn);
}

/** The latest press of each person: for half an hour a question can be put to them alone through it. */
const presses = new WeakMap<Bot, LRUCache<string, Asking>>();
const PRESS_MS = 25 * 60_000;

function recent(bot: Bot): LRUCache<string, Asking> {
  const known = presses.get(bot) ?? new LRUCache<string, Asking>({ max: HELD, ttl: PRESS_MS });
  presses.set(bot, known);
  return known;
}

/** What the offer tracker asks of Slack. */
export function trackerEvents(bot: () => Bot): OfferTrackerParts['on'] {
  const quietly = (what: string, work: Promise<unknown>) => {
    work.catch((error: unknown) => {
      if (!isGone(error) && !bot().signal.aborted) bot().log.warn(what, { error });
    });
  };
  return {
    recorded: (offer, voter, result) =>
      quietly('Consent could not be asked for', askConsent(bot(), offer as SlackOffer, voter, result)),
    regenerate: (offer) => quietly('New replies could not be written', regenerate(bot(), offer as SlackOffer)),
    refuse: (offer, voter) =>
      quietly('An old vote could not be turned down', refuse(bot(), offer as SlackOffer, voter)),
    close: (offer) => quietly('An offer could not be closed', closeOffer(bot(), offer as SlackOffer)),
  };
}

/** The first vote of somebody who was not asked yet waits; the question goes to them alone. */
async function askConsent(bot: Bot, offer: SlackOffer, voter: string, { feedback }: FeedbackResult): Promise<void> {
  const key = `asked/${offer.scope}/${voter}`;
  if (feedback.state !== 'HELD' || (await bot.storage.get(key)) !== null) return;
  const member = await bot.client.memberById(feedback.member.id);
  if (member?.consent.learn !== 'UNASKED') return;
  await bot.storage.set(key, 'yes', { memberId: member.id });
  try {
    await sendConsentQuestion(bot, offer, voter);
  } catch (error) {
    // Their next vote asks again.
    await bot.storage.delete(key);
    throw error;
  }
}

async function sendConsentQuestion(bot: Bot, offer: SlackOffer, voter: string): Promise<void> {
  const words = await wordsOf(bot, offer.scope, voter);
  const press = recent(bot).get(voter);
  if (press) return press.reply(consentQuestion(words));
  const question = drawView(consentQuestion(words));
  const { api } = await bot.workspaces.at(offer.scope);
  try {
    const { channel } = await api.conversations.open({ users: voter });
    const direct = { scope: offer.scope, team: offer.team, channel: channel?.id ?? '', direct: true };
    await postOnce(bot, direct, question, `consent:${offer.scope}:${voter}`);
  } catch (error) {
    if (refusal(error) === null) throw error;
    // They take no direct messages: the question stands where they voted, for them alone.
    await api.chat.postEphemeral({ channel: offer.channel, user: voter, thread_ts: offer.thread, ...question });
  }
}

async function refuse(bot: Bot, { scope, channel, thread, language }: SlackOffer, voter: string): Promise<void> {
  const { api } = await bot.workspaces.at(scope);
  const text = slackWords(language).vote.expired;
  await api.chat.postEphemeral({ channel, user: voter, thread_ts: thread, text });
}

/** Takes the buttons away: what stands there can no longer be voted on. */
async function closeOffer(bot: Bot, offer: SlackOffer): Promise<void> {
  const { api } = await bot.workspaces.at(offer.scope);
  const ts = offer.messages[offer.messages.length - 1];
  const { message } = await api.reactions.get({ channel: offer.channel, timestamp: ts });
  const { text = '', blocks = [] } = (message ?? {}) as { text?: string; blocks?: types.KnownBlock[] };
  const rest = blocks.filter(({ type }) => type !== 'actions');
  if (rest.length < blocks.length) await changeInTurn(bot, offer, ts, { text, blocks: rest });
}
