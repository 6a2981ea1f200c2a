/** Plays members' tuning rounds through the service, one press of each after the other. A round survives restarts. */
import type { MemberRef, PalateClient, TrainingJob } from '../../src/client/index.js';
import type { PluginStorage } from '../../src/plugins/contract.js';
import { patiently } from './patience.js';
import type { Vote } from './reactions.js';
import {
  type choiceOf,
  generationsOf,
  keepRound,
  pending,
  recallRound,
  startRound,
  stepRound,
  TUNE_CANDIDATES,
  type TuneEffect,
  type TuneEvent,
  type TuneRound,
  type TuneStep,
} from './tune.js';
import { type Words, wordsFor } from './words/index.js';

const TOKENS = 64;
/** The held-out prompt is always answered with the same draw, so that what differs is the taste. */
const SEED = 1;
const TRAINING_MS = 10_000;

export interface TuneParts {
  client: Pick<
    PalateClient,
    'generate' | 'askTuningQuestion' | 'submitFeedback' | 'trainingStatus' | 'generation' | 'member' | 'platform'
  >;
  storage: PluginStorage;
  /** Aborts when the bot is to end. */
  signal: AbortSignal;
  /** Instructions for the model. */
  system?: string;
}

/** Whose round it is. */
export interface Tuner {
  /** Tells this person from all others of the platform. */
  id: string;
  member: MemberRef;
}

/** Draws a round where its member sees it. */
export type ShowRound = (round: TuneRound) => Promise<unknown>;

export class TuneRounds {
  private readonly rounds = new Map<string, TuneRound>();
  /** The end of each member's line. */
  private readonly lines = new Map<string, Promise<void>>();

  constructor(private readonly parts: TuneParts) {}

  /** Begins a round, or goes on with the one that was not finished. `open` is told which, and where it begins. */
  start(tuner: Tuner, words: Words, open: (round: TuneRound, goesOn: boolean) => Promise<ShowRound>): Promise<void> {
    return this.inLine(tuner, async () => {
      const unfinished = await this.round(tuner);
      const first = unfinished
        ? { round: unfinished, effects: pending(unfinished, wordsFor(unfinished.tag)) }
        : startRound(words);
      await this.run(tuner, first, await open(first.round, unfinished !== null));
    });
  }

  /** Whether a member has to agree to learning first: without that a round would change nothing. */
  async mustAsk({ member }: Tuner): Promise<boolean> {
    const learn = (await this.parts.client.member(member))?.consent.learn ?? 'UNASKED';
    if (learn !== 'UNASKED') return learn === 'DENIED';
    return (await this.parts.client.platform(member.platform)).asksConsent;
  }

  /** A choice in a round; nothing happens where the round is over. */
  press(tuner: Tuner, choice: NonNullable<ReturnType<typeof choiceOf>>, show: ShowRound): Promise<void> {
    return this.inLine(tuner, async () => {
      const round = await this.round(tuner);
      if (!round) return;
      await this.run(tuner, stepRound(round, { kind: 'chosen', ...choice }, wordsFor(round.tag)), show);
    });
  }

  private inLine({ id }: Tuner, work: () => Promise<void>): Promise<void> {
    const line = (this.lines.get(id) ?? Promise.resolve()).then(work);
    const settled = line.catch(() => {});
    this.lines.set(id, settled);
    void settled.then(() => this.lines.get(id) === settled && this.lines.delete(id));
    return line;
  }

  /** Carries out a step and all that follow from it without the member. */
  private async run(tuner: Tuner, first: TuneStep, show: ShowRound): Promise<void> {
    let { round, effects } = first;
    const words = wordsFor(round.tag);
    let job: TrainingJob | null = null;
    while (effects.length > 0) {
      await this.keep(tuner, round);
      const events: TuneEvent[] = [];
      for (const effect of effects) {
        if (effect.kind === 'show') await show(round);
        else if (effect.kind === 'vote') job = await this.vote(tuner, effect.generationId, effect.vote);
        else {
          // What was just learned is to speak in the comparison.
          if (effect.kind === 'compare' && job) await this.trained(job);
          events.push(await this.write(tuner, effect));
        }
      }
      effects = [];
      for (const event of events) {
        const next = stepRound(round, event, words);
        round = next.round;
        effects.push(...next.effects);
      }
    }
    await this.keep(tuner, round);
  }

  private async write(
    { member }: Tuner,
    effect: Extract<TuneEffect, { kind: 'compare' | 'write' }>,
  ): Promise<TuneEvent> {
    const { client, signal, system } = this.parts;
    const input = { member, maxTokens: TOKENS, system };
    if (effect.kind === 'compare') {
      const one = { ...input, prompt: effect.prompt, candidateCount: 1, explore: false, seed: SEED };
      const sample = await patiently(() => client.generate(one), signal);
      return {
        kind: 'compared',
        sample: { generationId: sample.id, text: sample.candidates[0].text, version: sample.encoderVersion },
      };
    }
    const { prompt } = effect;
    const written =
      prompt === null
        ? await patiently(() => client.askTuningQuestion({ member }), signal)
        : await patiently(() => client.generate({ ...input, prompt, candidateCount: TUNE_CANDIDATES }), signal);
    return {
      kind: 'written',
      generationId: written.id,
      prompt: written.prompt,
      replies: written.candidates.map((reply) => ({ id: reply.id, text: reply.text })),
    };
  }

  private async vote({ member }: Tuner, generationId: string, vote: Vote): Promise<TrainingJob | null> {
    const { client, signal } = this.parts;
    const input = { generationId, member, verdict: vote.verdict, chosenCandidateId: vote.candidate };
    return (await patiently(() => client.submitFeedback(input), signal)).trainingJob;
  }

  /** Waits for a training, but not for ever: the comparison is worth showing in any case. */
  private async trained({ id, member }: TrainingJob): Promise<void> {
    const signal = AbortSignal.any([this.parts.signal, AbortSignal.timeout(TRAINING_MS)]);
    for await (const job of this.parts.client.trainingStatus(member.id, { signal })) {
      if (job.id === id && job.status !== 'QUEUED' && job.status !== 'RUNNING') return;
    }
  }

  /** The round as it was kept, with its texts read anew; null where there is none, or none unfinished. */
  private async round(tuner: Tuner): Promise<TuneRound | null> {
    const held = this.rounds.get(tuner.id) ?? (await this.recall(tuner));
    return held && held.phase !== 'done' && held.phase !== 'stopped' ? held : null;
  }

  private async recall(tuner: Tuner): Promise<TuneRound | null> {
    const text = await this.parts.storage.get(storageKey(tuner));
    if (text === null) return null;
    const kept = JSON.parse(text) as TuneRound;
    const generations = await Promise.all(generationsOf(kept).map((id) => this.parts.client.generation(id)));
    return recallRound(
      kept,
      generations.filter((generation) => generation !== null),
    );
  }

  private async keep(tuner: Tuner, round: TuneRound): Promise<void> {
    const { storage, client } = this.parts;
    if (round.phase === 'done' || round.phase === 'stopped') {
      this.rounds.delete(tuner.id);
      await storage.delete(storageKey(tuner));
      return;
    }
    this.rounds.set(tuner.id, round);
    const member = await client.member(tuner.member);
    await storage.set(storageKey(tuner), keepRound(round), { memberId: member?.id });
  }
}

function storageKey({ id }: Tuner): string {
  return `tune/${id}`;
}
