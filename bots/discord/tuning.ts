/** /tune: runs a member's tuning round through the service and shows it to them alone. A round survives restarts. */
import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from 'discord.js';
import { PalateClientError, type TrainingJob } from '../../src/client/index.js';
import {
  type Action,
  choiceOf,
  generationsOf,
  isPassing,
  keepRound,
  PLATFORM_LIMITS,
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
  type Words,
  wordsFor,
} from '../kit/index.js';
import type { Bot } from './bot.js';
import { drawPublicView } from './draw.js';
import { memberOf } from './service.js';

const TOKENS = 64;
/** The held-out prompt is always answered with the same draw, so that what differs is the taste. */
const SEED = 1;
const ATTEMPTS = 5;
const TRAINING_MS = 10_000;

type Asked = ChatInputCommandInteraction | ButtonInteraction;

export class TuneTable {
  private readonly rounds = new Map<string, TuneRound>();
  /** The end of each member's line: presses are taken one after the other. */
  private readonly lines = new Map<string, Promise<void>>();

  constructor(private readonly bot: Bot) {}

  /** Begins a round, or shows the one that was not finished. */
  async start(interaction: Asked): Promise<void> {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    const words = wordsFor(interaction.locale);
    await this.inLine(interaction, async () => {
      const unfinished = await this.round(interaction.user.id);
      const first = unfinished ? { round: unfinished, effects: pending(unfinished, words) } : startRound(words);
      await this.run(interaction, first, words);
    });
  }

  async press(interaction: ButtonInteraction, action: Action): Promise<void> {
    const chosen = choiceOf(action.arguments);
    if (!chosen) return this.start(interaction);
    await interaction.deferUpdate();
    await this.inLine(interaction, async () => {
      const round = await this.round(interaction.user.id);
      if (!round) return;
      const words = wordsFor(round.tag);
      await this.run(interaction, stepRound(round, { kind: 'chosen', ...chosen }, words), words);
    });
  }

  private inLine(interaction: Asked, work: () => Promise<void>): Promise<void> {
    const { id } = interaction.user;
    const line = (this.lines.get(id) ?? Promise.resolve()).then(work);
    this.lines.set(
      id,
      line.catch(() => {}),
    );
    return line;
  }

  /** Carries out a step and all that follow from it without the member. */
  private async run(interaction: Asked, first: TuneStep, words: Words): Promise<void> {
    const userId = interaction.user.id;
    let { round, effects } = first;
    let job: TrainingJob | null = null;
    while (effects.length > 0) {
      await this.keep(userId, round);
      const events: TuneEvent[] = [];
      for (const effect of effects) {
        if (effect.kind === 'show') {
          await interaction.editReply(drawPublicView(tuneView(round, words, PLATFORM_LIMITS.discord.message)));
        } else if (effect.kind === 'vote') job = await this.vote(userId, effect.generationId, effect.vote);
        else {
          // What was just learned is to speak in the comparison.
          if (effect.kind === 'compare' && job) await this.trained(job);
          events.push(await this.write(userId, effect));
        }
      }
      effects = [];
      for (const event of events) {
        const next = stepRound(round, event, words);
        round = next.round;
        effects.push(...next.effects);
      }
    }
    await this.keep(userId, round);
  }

  private async write(userId: string, effect: Extract<TuneEffect, { kind: 'compare' | 'write' }>): Promise<TuneEvent> {
    const input = {
      member: memberOf(userId),
      prompt: effect.prompt,
      maxTokens: TOKENS,
      system: this.bot.config.system,
    };
    const { client } = this.bot;
    if (effect.kind === 'compare') {
      const only = { ...input, candidateCount: 1, explore: false, seed: SEED };
      const sample = await this.patiently(() => client.generate(only));
      return { kind: 'compared', sample: { generationId: sample.id, text: sample.candidates[0].text } };
    }
    const written = await this.patiently(() => client.generate({ ...input, candidateCount: TUNE_CANDIDATES }));
    const replies = written.candidates.map(({ id, text }) => ({ id, text }));
    return { kind: 'written', generationId: written.id, replies };
  }

  private async vote(userId: string, generationId: string, { verdict, candidate }: Vote): Promise<TrainingJob | null> {
    const input = { generationId, member: memberOf(userId), verdict, chosenCandidateId: candidate };
    return (await this.patiently(() => this.bot.client.submitFeedback(input))).trainingJob;
  }

  /** Somebody who chooses quickly comes up against the service's limits: then the round waits as long as it is told to. */
  private async patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt >= ATTEMPTS || !(error instanceof PalateClientError) || !isPassing(error.code)) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryDelay(attempt, error.retryAfterMs)));
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
  private async round(userId: string): Promise<TuneRound | null> {
    const held = this.rounds.get(userId) ?? (await this.recall(userId));
    return held && held.phase !== 'done' && held.phase !== 'stopped' ? held : null;
  }

  private async recall(userId: string): Promise<TuneRound | null> {
    const text = await this.bot.storage.get(`tune/${userId}`);
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

  private async keep(userId: string, round: TuneRound): Promise<void> {
    const key = `tune/${userId}`;
    if (round.phase === 'done' || round.phase === 'stopped') {
      this.rounds.delete(userId);
      await this.bot.storage.delete(key);
      return;
    }
    this.rounds.set(userId, round);
    const member = await this.bot.client.member(memberOf(userId));
    await this.bot.storage.set(key, keepRound(round), { memberId: member?.id });
  }
}
