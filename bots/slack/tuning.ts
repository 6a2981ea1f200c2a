/** The tuning round: a thread in the direct channel, one message that is changed from prompt to prompt. It survives restarts. */
import { PalateClientError, type TrainingJob } from '../../src/client/index.js';
import {
  type Action,
  choiceOf,
  generationsOf,
  isPassing,
  keepRound,
  pending,
  recallRound,
  retryDelay,
  startRound,
  stepRound,
  TUNE_CANDIDATES,
  type TuneEffect,
  type TuneEvent,
  type TuneRound,
  type TuneStep,
  tuneView,
  type Vote,
} from '../kit/index.js';
import type { Bot, Place } from './bot.js';
import { LIMIT } from './draft.js';
import { drawTune, drawView } from './draw.js';
import type { Asking } from './pages.js';
import { memberOf } from './service.js';
import { change, pause, postOnce } from './surface.js';
import { type SlackWords, slackWords } from './words.js';

const TOKENS = 64;
/** The held-out prompt is always answered with the same draw, so that what differs is the taste. */
const SEED = 1;
const ATTEMPTS = 5;
const TRAINING_MS = 10_000;

/** Who tunes, and the message they see it in. */
interface Seat {
  scope: string;
  user: string;
  place: Place;
  ts: string;
}

type Who = Pick<Seat, 'scope' | 'user'>;

export class TuneTable {
  private readonly rounds = new Map<string, TuneRound>();
  /** The end of each member's line: presses are taken one after the other. */
  private readonly lines = new Map<string, Promise<void>>();

  constructor(private readonly bot: Bot) {}

  /** Begins a round, or shows the one that was not finished, in the direct channel. */
  async start(asking: Asking): Promise<void> {
    await this.inLine(asking, async () => {
      const { words } = asking;
      const unfinished = await this.round(asking);
      const first = unfinished ? { round: unfinished, effects: pending(unfinished, words) } : startRound(words);
      const seat = await this.seat(asking, first.round, unfinished !== null);
      if (seat.place.channel !== asking.channel) await asking.reply(words.slack.inDirect);
      await this.run(seat, first, words);
    });
  }

  async press(asking: Asking, action: Action): Promise<void> {
    const chosen = choiceOf(action.arguments);
    const { scope, team, user, channel, message, thread } = asking;
    if (!chosen || channel === null || message === null) return this.start(asking);
    await this.inLine(asking, async () => {
      const round = await this.round(asking);
      if (!round) return;
      const words = slackWords(round.tag);
      const seat = { scope, user, place: { scope, team, channel, thread, direct: true }, ts: message };
      await this.run(seat, stepRound(round, { kind: 'chosen', ...chosen }, words), words);
    });
  }

  /** A thread of its own, with the message that the round is played in. */
  private async seat({ scope, team, user, words, at }: Asking, round: TuneRound, goesOn: boolean): Promise<Seat> {
    const { api } = await this.bot.workspaces.at(scope);
    const { channel } = await api.conversations.open({ users: user });
    const direct: Place = { scope, team, channel: channel?.id ?? '', direct: true };
    const { tune } = words;
    const intro = goesOn ? tune.running : tune.intro(tune.prompts.length);
    const head = drawView({ title: tune.title, text: [intro], fields: [], buttons: [] });
    const key = `tune:${scope}:${user}:${at}`;
    const thread = await postOnce(this.bot, direct, head, key);
    const place = { ...direct, thread };
    const ts = await postOnce(this.bot, place, drawTune(tuneView(round, words, LIMIT)), `${key}/0`);
    return { scope, user, place, ts };
  }

  private inLine({ scope, user }: Who, work: () => Promise<void>): Promise<void> {
    const id = `${scope}/${user}`;
    const line = (this.lines.get(id) ?? Promise.resolve()).then(work);
    const settled = line.catch(() => {});
    this.lines.set(id, settled);
    void settled.then(() => this.lines.get(id) === settled && this.lines.delete(id));
    return line;
  }

  /** Carries out a step and all that follow from it without the member. */
  private async run(seat: Seat, first: TuneStep, words: SlackWords): Promise<void> {
    let { round, effects } = first;
    let job: TrainingJob | null = null;
    while (effects.length > 0) {
      await this.keep(seat, round);
      const events: TuneEvent[] = [];
      for (const effect of effects) {
        if (effect.kind === 'show')
          await change(this.bot, seat.place, seat.ts, drawTune(tuneView(round, words, LIMIT)));
        else if (effect.kind === 'vote') job = await this.vote(seat, effect.generationId, effect.vote);
        else {
          // What was just learned is to speak in the comparison.
          if (effect.kind === 'compare' && job) await this.trained(job);
          events.push(await this.write(seat, effect));
        }
      }
      effects = [];
      for (const event of events) {
        const next = stepRound(round, event, words);
        round = next.round;
        effects.push(...next.effects);
      }
    }
    await this.keep(seat, round);
  }

  private async write(
    { user, scope }: Who,
    effect: Extract<TuneEffect, { kind: 'compare' | 'write' }>,
  ): Promise<TuneEvent> {
    const { client, config } = this.bot;
    const input = { member: memberOf(user, scope), prompt: effect.prompt, maxTokens: TOKENS, system: config.system };
    if (effect.kind === 'compare') {
      const one = { ...input, candidateCount: 1, explore: false, seed: SEED };
      const sample = await this.insist(() => client.generate(one));
      return { kind: 'compared', sample: { generationId: sample.id, text: sample.candidates[0].text } };
    }
    const several = { ...input, candidateCount: TUNE_CANDIDATES };
    const { id, candidates } = await this.insist(() => client.generate(several));
    const replies = candidates.map(({ id: candidateId, text }) => ({ id: candidateId, text }));
    return { kind: 'written', generationId: id, replies };
  }

  private async vote({ user, scope }: Who, generationId: string, vote: Vote): Promise<TrainingJob | null> {
    const { verdict, candidate } = vote;
    const input = { generationId, member: memberOf(user, scope), verdict, chosenCandidateId: candidate };
    return (await this.insist(() => this.bot.client.submitFeedback(input))).trainingJob;
  }

  /** Asks the service again where waiting may help: a round does not stop because somebody presses fast. */
  private async insist<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (attempt >= ATTEMPTS || !(error instanceof PalateClientError) || !isPassing(error.code)) throw error;
        await pause(retryDelay(attempt, error.retryAfterMs), this.bot.signal);
      }
    }
  }

  /** Waits for a training, but not for ever: the comparison is worth showing in any case. */
  private async trained({ id, member }: TrainingJob): Promise<void> {
    const signal = AbortSignal.any([this.bot.signal, AbortSignal.timeout(TRAINING_MS)]);
    for await (const job of this.bot.client.trainingStatus(member.id, { signal })) {
      if (job.id === id && job.status !== 'QUEUED' && job.status !== 'RUNNING') return;
    }
  }

  /** The round as it was kept, with its texts read anew; null where there is none, or none unfinished. */
  private async round(who: Who): Promise<TuneRound | null> {
    const held = this.rounds.get(keyOf(who)) ?? (await this.recall(who));
    return held && held.phase !== 'done' && held.phase !== 'stopped' ? held : null;
  }

  private async recall(who: Who): Promise<TuneRound | null> {
    const text = await this.bot.storage.get(keyOf(who));
    if (text === null) return null;
    const kept = JSON.parse(text) as TuneRound;
    const texts = new Map<string, string>();
    for (const id of generationsOf(kept)) {
      const generation = await this.bot.client.generation(id);
      for (const candidate of generation?.candidates ?? []) texts.set(candidate.id, candidate.text);
      if (generation) texts.set(id, generation.candidates[0].text);
    }
    return recallRound(kept, texts);
  }

  private async keep(who: Who, round: TuneRound): Promise<void> {
    const key = keyOf(who);
    if (round.phase === 'done' || round.phase === 'stopped') {
      this.rounds.delete(key);
      await this.bot.storage.delete(key);
      return;
    }
    this.rounds.set(key, round);
    const member = await this.bot.client.member(memberOf(who.user, who.scope));
    await this.bot.storage.set(key, keepRound(round), { memberId: member?.id });
  }
}

function keyOf({ scope, user }: Who): string {
  return `tune/${scope}/${user}`;
}
