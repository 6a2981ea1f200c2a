/**
 * Every offer a bot has made, and who voted on it how: turns what happens on a platform into verdicts of the service,
 * in order, once, and across restarts. Time and the platform are handed in.
 *
 * A ballot is kept before its request is sent and again when it is confirmed. So a restart finds either what was
 * confirmed, or that something was under way, which is then sent again: a verdict is a state, saying it twice is once.
 */
import { type FeedbackResult, type MemberRef, type PalateClient, PalateClientError } from '../../src/client/index.js';
import type { PluginLog, PluginStorage } from '../../src/plugins/contract.js';
import { type Ballot, type BallotChange, EMPTY_BALLOT, keepBallot, type Request, readBallot } from './ballot.js';
import type { ReplyRef } from './conversation.js';
import { isPassing, retryDelay } from './problem.js';
import type { Mark } from './reactions.js';
import {
  ballotOf,
  type Effect,
  isSettled,
  offeredSession,
  type SessionEvent,
  step,
  type VoteSession,
} from './vote-session.js';

/** Which message shows which candidates: ids only. */
export interface Offer {
  generationId: string;
  /** The candidates' ids as they are shown. */
  candidates: readonly string[];
  /** The platform's ids of who asked, and of where the messages are; `scope` is a Slack team, empty on Discord. */
  asker: string;
  scope: string;
  channel: string;
  messages: readonly string[];
  /** Milliseconds since 1970. */
  at: number;
  /** Language tag of the bot's words there. */
  language: string;
  /** The conversation that the replies were written behind, oldest first. */
  history?: readonly ReplyRef[];
  /** What the one reply goes on with. */
  continues?: ReplyRef;
  /** The generation whose asker wanted these replies instead. */
  replaces?: string;
}

export interface OfferTrackerParts {
  client: Pick<PalateClient, 'submitFeedback' | 'withdrawFeedback' | 'request'>;
  storage: PluginStorage;
  log: PluginLog;
  memberOf(voter: string, scope: string): MemberRef;
  schedule(milliseconds: number, run: () => void): void;
  /** What the platform has to do. */
  on: {
    recorded(offer: Offer, voter: string, result: FeedbackResult): void;
    regenerate(offer: Offer, voter: string): void;
    refuse(offer: Offer, voter: string): void;
    close(offer: Offer): void;
  };
}

interface Entry {
  offer: Offer;
  session: VoteSession;
  /** Whether ballots from before may lie in storage. */
  old: boolean;
  /** Failed attempts at a voter's request, and the pause before the next. */
  attempts: Map<string, { count: number; pause: number }>;
  /** What happened since a look at the platform was begun; null while nobody looks. */
  meanwhile: { voter: string; change: BallotChange }[] | null;
  /** The end of the line of events. */
  line: Promise<void>;
}

/** Offers held in memory; more are read from storage when somebody votes on them. */
const HELD = 2_000;
const FIND_VERDICT = `query Verdict($id: ID!, $member: MemberRef!) {
  generation(id: $id) { feedback(member: $member) { id state } }
}`;

export class OfferTracker {
  private readonly entries = new Map<string, Entry>();
  private readonly byMessage = new Map<string, string>();
  /** Offers that are being shown. */
  private readonly shown = new Set<{ channel: string; kept: Promise<unknown> }>();

  constructor(private readonly parts: OfferTrackerParts) {}

  /**
   * Keeps an offer that `show` shows in the channel. When this resolves, a restart knows of it. People may press what they see before the
   * platform has said which message it is: what they press waits.
   */
  async open<O extends Offer>(channel: string, memberId: string, show: () => Promise<O>): Promise<O> {
    const showing = show().then((offer) => {
      this.hold(offer, false);
      return offer;
    });
    const entry = { channel, kept: showing.catch(() => undefined) };
    this.shown.add(entry);
    const offer = await showing.finally(() => this.shown.delete(entry));
    const text = JSON.stringify(offer);
    for (const message of offer.messages) {
      await this.insist(() => this.parts.storage.set(offerKey(offer.channel, message), text, { memberId }));
    }
    return offer;
  }

  /** The offer that a message belongs to; null where it is none of ours. */
  async find(channel: string, message: string): Promise<Offer | null> {
    return (await this.entry(channel, message))?.offer ?? null;
  }

  /** Takes in what somebody did to a message; resolves when it is in line, not when the service has it. */
  async mark(channel: string, message: string, voter: string, change: BallotChange): Promise<boolean> {
    const entry = await this.entry(channel, message);
    if (!entry) return false;
    await this.feed(entry, { kind: 'mark', voter, change });
    return true;
  }

  /** All reactions on a message were taken away, or all of one mark. */
  async clear(channel: string, message: string, mark: Mark | null): Promise<void> {
    const entry = await this.entry(channel, message);
    if (!entry) return;
    const change: BallotChange = mark === null ? { kind: 'cleared' } : { kind: 'removed', mark };
    for (const voter of (await this.keptBallots(entry)).keys()) await this.feed(entry, { kind: 'mark', voter, change });
  }

  /**
   * Brings an offer to what stands on the platform: `look` reads the marks of each voter's visible reactions. What happens
   * while it looks is newer than what it brings, and is said again behind it.
   */
  async reconcile(offer: Offer, look: () => Promise<ReadonlyMap<string, readonly Mark[]>>): Promise<void> {
    const entry = this.entries.get(offer.generationId) ?? this.hold(offer, true);
    const meanwhile: NonNullable<Entry['meanwhile']> = [];
    entry.meanwhile = meanwhile;
    try {
      const visible = await look();
      const kept = await this.keptBallots(entry);
      for (const voter of new Set([...visible.keys(), ...kept.keys()])) {
        await this.enqueue(entry, () => {
          const ballot = kept.get(voter) ?? EMPTY_BALLOT;
          this.take(entry, { kind: 'recalled', voter, ballot, visible: visible.get(voter) ?? [] });
          for (const newer of meanwhile.filter((one) => one.voter === voter)) {
            this.take(entry, { kind: 'mark', ...newer });
          }
        });
      }
    } finally {
      entry.meanwhile = null;
    }
  }

  /** Every offer made since a moment, newest first; older ones are dropped from storage. */
  async offersSince(moment: number): Promise<Offer[]> {
    const rows = await this.insist(() => this.rows('offer/'));
    const found = new Map<string, Offer>();
    for (const [key, value] of rows) {
      const offer = readOffer(value);
      if (offer && offer.at >= moment) found.set(offer.generationId, offer);
      else await this.insist(() => this.parts.storage.delete(key));
    }
    return [...found.values()].sort((a, b) => b.at - a.at);
  }

  /** The newest offers in a channel that fit, oldest first: what a conversation there is made of. */
  async offersIn(channel: string, count: number, fits: (offer: Offer) => boolean = () => true): Promise<Offer[]> {
    const found = new Map<string, Offer>();
    for (const value of (await this.rows(`offer/${channel}/`)).values()) {
      const offer = readOffer(value);
      if (offer && fits(offer)) found.set(offer.generationId, offer);
    }
    return [...found.values()].sort((a, b) => a.at - b.at).slice(-count);
  }

  /** A voter's ballot on an offer, as far as it is known. */
  async ballot(offer: Offer, voter: string): Promise<Ballot> {
    const entry = this.entries.get(offer.generationId) ?? this.hold(offer, true);
    return entry.session.ballots[voter] ?? (await this.keptBallot(entry, voter));
  }

  /** Whether nothing is under way. */
  get settled(): boolean {
    return [...this.entries.values()].every(({ session }) => isSettled(session));
  }

  /** Everything of a member that was forgotten leaves memory; the service has removed the rows. */
  forget(member: string): void {
    for (const [id, entry] of this.entries) {
      if (entry.offer.asker === member) this.drop(id);
      else {
        const { [member]: _, ...ballots } = entry.session.ballots;
        entry.session = { ...entry.session, ballots };
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- line of events

  private async feed(entry: Entry, event: Extract<SessionEvent, { kind: 'mark' }>): Promise<void> {
    await this.enqueue(entry, async () => {
      // A press is remembered by the ballot itself: only reactions are looked for.
      if (event.change.kind !== 'pressed') entry.meanwhile?.push(event);
      if (entry.old && !entry.session.ballots[event.voter]) {
        const ballot = await this.keptBallot(entry, event.voter);
        this.take(entry, { kind: 'recalled', voter: event.voter, ballot, visible: null });
      }
      this.take(entry, event);
    });
  }

  private enqueue(entry: Entry, work: () => Promise<void> | void): Promise<void> {
    const done = entry.line.then(work);
    entry.line = done.catch((error: unknown) => this.parts.log.error('A vote could not be taken in', { error }));
    return entry.line;
  }

  private take(entry: Entry, event: SessionEvent): void {
    const { session, effects } = step(entry.session, event);
    entry.session = session;
    for (const effect of effects) this.carryOut(entry, effect);
  }

  private carryOut(entry: Entry, effect: Effect): void {
    const { on, schedule } = this.parts;
    switch (effect.kind) {
      case 'send':
        void this.send(entry, effect.voter, effect.request);
        break;
      case 'pause': {
        const { voter } = effect;
        const again = () => void this.enqueue(entry, () => this.take(entry, { kind: 'retry', voter }));
        schedule(entry.attempts.get(voter)?.pause ?? 0, again);
        break;
      }
      case 'close':
        on.close(entry.offer);
        break;
      default:
        on[effect.kind](entry.offer, effect.voter);
    }
  }

  private async send(entry: Entry, voter: string, request: Request): Promise<void> {
    let result: FeedbackResult | null;
    try {
      await this.keep(entry, voter);
      result = await this.request(entry.offer, voter, request);
    } catch (error) {
      await this.enqueue(entry, () => this.take(entry, this.disappointment(entry, voter, error)));
      return;
    }
    entry.attempts.delete(voter);
    const feedbackId = result?.feedback.id ?? null;
    await this.enqueue(entry, () => this.take(entry, { kind: 'confirmed', voter, feedbackId }));
    if (result) this.parts.on.recorded(entry.offer, voter, result);
    // Without this row a restart only says again what it knows already.
    await this.keep(entry, voter, result?.feedback.member.id).catch((error: unknown) => {
      this.parts.log.info('A confirmed vote was not noted', { error });
    });
  }

  private disappointment(entry: Entry, voter: string, error: unknown): SessionEvent {
    const known = error instanceof PalateClientError ? error : null;
    const code = known?.code ?? 'INTERNAL';
    if (code === 'NOT_FOUND') return { kind: 'expired' };
    const again = isPassing(code);
    const { count = 0 } = entry.attempts.get(voter) ?? {};
    entry.attempts.set(voter, { count: count + 1, pause: retryDelay(count, known?.retryAfterMs) });
    const facts = { generation: entry.offer.generationId, code, error };
    if (!again) this.parts.log.warn('A vote was refused', facts);
    else this.parts.log.info('A vote waits to be sent again', facts);
    return { kind: 'unconfirmed', voter, again };
  }

  /** The service's answer; null where there was nothing to withdraw. */
  private async request(offer: Offer, voter: string, request: Request): Promise<FeedbackResult | null> {
    const { client, memberOf } = this.parts;
    const member = memberOf(voter, offer.scope);
    if (request.kind === 'submit') {
      const { verdict, candidate } = request.vote;
      return client.submitFeedback({ generationId: offer.generationId, member, verdict, chosenCandidateId: candidate });
    }
    const id = request.feedbackId ?? (await this.findVerdict(offer.generationId, member));
    if (id === null) return null;
    try {
      return await client.withdrawFeedback(id);
    } catch (error) {
      // What is not there any more is withdrawn.
      if (error instanceof PalateClientError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  private async findVerdict(id: string, member: MemberRef): Promise<string | null> {
    const data = await this.parts.client.request(FIND_VERDICT, { id, member });
    const { feedback } = (data.generation ?? {}) as { feedback?: { id: string; state: string } | null };
    return feedback && (feedback.state === 'ACTIVE' || feedback.state === 'HELD') ? feedback.id : null;
  }

  // -------------------------------------------------------------------------------------------------------- memory, rows

  private async keep(entry: Entry, voter: string, memberId?: string): Promise<void> {
    const { generationId } = entry.offer;
    await this.parts.storage.set(ballotKey(generationId, voter), keepBallot(ballotOf(entry.session, voter)), {
      memberId,
    });
  }

  private async keptBallot(entry: Entry, voter: string): Promise<Ballot> {
    const key = ballotKey(entry.offer.generationId, voter);
    return readBallot(await this.insist(() => this.parts.storage.get(key)));
  }

  /** Every ballot on an offer, those in hand before those that were kept. */
  private async keptBallots({ offer, session, old }: Entry): Promise<Map<string, Ballot>> {
    const prefix = ballotKey(offer.generationId, '');
    const ballots = new Map<string, Ballot>();
    const rows = old ? await this.insist(() => this.rows(prefix)) : new Map<string, string>();
    for (const [key, value] of rows) ballots.set(key.slice(prefix.length), readBallot(value));
    for (const [voter, ballot] of Object.entries(session.ballots)) ballots.set(voter, ballot);
    return ballots;
  }

  private async rows(prefix: string): Promise<Map<string, string>> {
    const rows = new Map<string, string>();
    for await (const { key, value } of this.parts.storage.list(prefix)) rows.set(key, value);
    return rows;
  }

  /** Does what must not be lost until it is done; what cannot be helped by waiting is thrown. */
  private async insist<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof PalateClientError) || !isPassing(error.code)) throw error;
        const pause = retryDelay(attempt, error.retryAfterMs);
        await new Promise<void>((resolve) => this.parts.schedule(pause, resolve));
      }
    }
  }

  private async entry(channel: string, message: string): Promise<Entry | null> {
    const held = () => this.entries.get(this.byMessage.get(`${channel}/${message}`) ?? '');
    const before = held();
    if (before) return before;
    const offer = readOffer(await this.insist(() => this.parts.storage.get(offerKey(channel, message))));
    if (offer) return this.entries.get(offer.generationId) ?? this.hold(offer, true);
    await Promise.all([...this.shown].filter((one) => one.channel === channel).map(({ kept }) => kept));
    return held() ?? null;
  }

  private hold(offer: Offer, old: boolean): Entry {
    const session = offeredSession(offer.asker, offer.generationId, offer.candidates);
    const entry: Entry = { offer, session, old, attempts: new Map(), meanwhile: null, line: Promise.resolve() };
    this.entries.set(offer.generationId, entry);
    for (const message of offer.messages) this.byMessage.set(`${offer.channel}/${message}`, offer.generationId);
    for (const [id, { session: held }] of this.entries) {
      if (this.entries.size <= HELD) break;
      if (id !== offer.generationId && isSettled(held)) this.drop(id);
    }
    return entry;
  }

  private drop(generationId: string): void {
    const offer = this.entries.get(generationId)?.offer;
    this.entries.delete(generationId);
    for (const message of offer?.messages ?? []) this.byMessage.delete(`${offer?.channel}/${message}`);
  }
}

function offerKey(channel: string, message: string): string {
  return `offer/${channel}/${message}`;
}

function ballotKey(generationId: string, voter: string): string {
  return `ballot/${generationId}/${voter}`;
}

function readOffer(text: string | null): Offer | null {
  try {
    return text === null ? null : (JSON.parse(text) as Offer);
  } catch {
    return null;
  }
}
