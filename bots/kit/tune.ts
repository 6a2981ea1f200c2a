/**
 * A tuning round: short prompts, four replies each, the best one chosen; before and after at the end. A pure state
 * machine that can be written down between any two events: a round survives a restart of the bot.
 *
 *     writing -> choosing -> writing ... -> after -> done
 *                    `-> stopped
 *
 * The held-out prompt is answered for the first time while the first question stands there to be read.
 */
import type { Generation } from '../../src/client/index.js';
import { layoutReplies, type ShownReply } from './layout.js';
import { displayOrder } from './order.js';
import { LETTERS, type Vote } from './reactions.js';
import { action, type Button, progressBar, rowsOf, type View } from './view.js';
import type { Words } from './words/index.js';

export const TUNE_CANDIDATES = 4;
export const TUNE_QUESTIONS = 10;

export interface TuneReply {
  id: string;
  text: string;
}

/** The one reply to the held-out prompt. */
export interface TuneSample {
  generationId: string;
  text: string;
  /** The version of the taste that it was written with. */
  version: number;
}

export interface TuneRound {
  readonly phase: 'writing' | 'choosing' | 'after' | 'done' | 'stopped';
  /** Language tag of the prompts. */
  readonly tag: string;
  /** Prompts done, chosen or skipped. */
  readonly done: number;
  readonly votes: number;
  /** The reply to the held-out prompt before the first vote, and after the last. */
  readonly before: TuneSample | null;
  readonly after: TuneSample | null;
  readonly generationId: string | null;
  /** What was asked; empty while it is not known. */
  readonly prompt: string;
  /** The replies to choose from, as shown. */
  readonly replies: readonly TuneReply[];
}

export type TuneEvent =
  /** The held-out prompt's reply. */
  | { kind: 'compared'; sample: TuneSample }
  | { kind: 'written'; generationId: string; prompt: string; replies: readonly TuneReply[] }
  /** A button: a place from 0, or one of the others. `at`: the prompt it stood under, so that a late press changes nothing. */
  | { kind: 'chosen'; at: number; choice: number | 'none' | 'skip' | 'stop' };

export type TuneEffect =
  /** One reply to the held-out prompt, with the taste as it is and always the same seed. */
  | { kind: 'compare'; prompt: string }
  /** Four replies to a prompt; null: to the one that the service asks next. */
  | { kind: 'write'; prompt: string | null; at: number }
  | { kind: 'vote'; generationId: string; vote: Vote }
  | { kind: 'show' };

export interface TuneStep {
  round: TuneRound;
  effects: TuneEffect[];
}

/** The first step of a round in a language. */
export function startRound(words: Words): TuneStep {
  const round: TuneRound = {
    phase: 'writing',
    tag: words.tag,
    done: 0,
    votes: 0,
    before: null,
    after: null,
    generationId: null,
    prompt: '',
    replies: [],
  };
  return { round, effects: pending(round, words) };
}

/** What is to be done for a round in this state; after a restart, what was interrupted. */
export function pending(round: TuneRound, { tune }: Words): TuneEffect[] {
  switch (round.phase) {
    case 'writing':
      return [{ kind: 'show' }, { kind: 'write', prompt: tune.prompts?.[round.done] ?? null, at: round.done }];
    case 'choosing':
      if (round.before) return [{ kind: 'show' }];
      return [{ kind: 'show' }, { kind: 'compare', prompt: tune.heldOut }];
    case 'after':
      return [{ kind: 'show' }, { kind: 'compare', prompt: tune.heldOut }];
    default:
      return [{ kind: 'show' }];
  }
}

export function stepRound(round: TuneRound, event: TuneEvent, words: Words): TuneStep {
  const go = (changes: Partial<TuneRound>, first: TuneEffect[] = []): TuneStep => {
    const next = { ...round, ...changes };
    return { round: next, effects: [...first, ...pending(next, words)] };
  };
  switch (event.kind) {
    case 'compared':
      if (round.phase === 'after') return go({ phase: 'done', after: event.sample });
      return { round: round.before ? round : { ...round, before: event.sample }, effects: [] };
    case 'written': {
      if (round.phase !== 'writing') return { round, effects: [] };
      const order = displayOrder(
        event.generationId,
        event.replies.map(({ id }) => id),
      );
      const replies = order.flatMap((id) => event.replies.filter((reply) => reply.id === id));
      return go({ phase: 'choosing', generationId: event.generationId, prompt: event.prompt, replies });
    }
    case 'chosen': {
      if (event.choice === 'stop' && round.phase !== 'done' && round.phase !== 'stopped')
        return go({ phase: 'stopped' });
      if (round.phase !== 'choosing' || event.at !== round.done || round.generationId === null) {
        return { round, effects: [] };
      }
      const vote = voteFor(event.choice, round.replies);
      if (vote === undefined) return { round, effects: [] };
      const done = round.done + 1;
      const phase = done < TUNE_QUESTIONS ? 'writing' : 'after';
      const votes = round.votes + (vote ? 1 : 0);
      const first: TuneEffect[] = vote ? [{ kind: 'vote', generationId: round.generationId, vote }] : [];
      return go({ phase, done, votes, generationId: null, prompt: '', replies: [] }, first);
    }
  }
}

/** The vote of a choice; null for a skipped prompt, undefined for a choice nobody offered. */
function voteFor(choice: number | 'none' | 'skip' | 'stop', replies: readonly TuneReply[]): Vote | null | undefined {
  if (choice === 'skip') return null;
  if (choice === 'none') return { verdict: 'ALL_BAD', candidate: null };
  if (choice === 'stop' || !replies[choice]) return undefined;
  return { verdict: 'CHOSEN', candidate: replies[choice].id };
}

/** A round as it is kept: ids only, no text that anybody wrote. */
export function keepRound(round: TuneRound): string {
  const bare = (sample: TuneSample | null) => sample && { ...sample, text: '' };
  const replies = round.replies.map(({ id }) => ({ id, text: '' }));
  return JSON.stringify({ ...round, before: bare(round.before), after: bare(round.after), prompt: '', replies });
}

/** The generations whose texts a kept round needs again. */
export function generationsOf({ before, after, generationId }: TuneRound): string[] {
  return [before?.generationId, after?.generationId, generationId].filter((id) => id != null);
}

/** A kept round with its texts, from those of its generations that are left. */
export function recallRound(
  kept: TuneRound,
  generations: readonly Pick<Generation, 'id' | 'prompt' | 'candidates'>[],
): TuneRound {
  const of = (id: string | null) => generations.find((generation) => generation.id === id);
  const full = (sample: TuneSample | null) =>
    sample && { ...sample, text: of(sample.generationId)?.candidates[0].text ?? '' };
  const shown = of(kept.generationId);
  const textOf = (id: string) => shown?.candidates.find((candidate) => candidate.id === id)?.text ?? '';
  const replies = kept.replies.map(({ id }) => ({ id, text: textOf(id) }));
  return { ...kept, before: full(kept.before), after: full(kept.after), prompt: shown?.prompt ?? '', replies };
}

/** The choice that a button of `tuneView` carries; null for others. */
export function choiceOf(args: readonly string[]): { at: number; choice: number | 'none' | 'skip' | 'stop' } | null {
  const [what, place] = args;
  const at = Number(place);
  if (!Number.isInteger(at) || at < 0) return null;
  if (what === 'none' || what === 'skip' || what === 'stop') return { at, choice: what };
  const choice = (LETTERS as readonly string[]).indexOf(what);
  return choice < 0 ? null : { at, choice };
}

/** The round as it stands. `limit`: characters the platform's message may have. */
export function tuneView(round: TuneRound, words: Words, limit: number): View {
  const { tune } = words;
  const bar = `${progressBar(round.done, TUNE_QUESTIONS)} ${tune.progress(round.done, TUNE_QUESTIONS)}`;
  const prompt = round.prompt || tune.prompts?.[round.done];
  const head = prompt ? [bar, `**${prompt}**`] : [bar];
  const base = { title: tune.title, fields: [], buttons: [] };
  switch (round.phase) {
    case 'after':
      return { ...base, text: [bar, '…'] };
    case 'writing':
      return { ...base, text: [...head, '…'] };
    case 'choosing': {
      const replies = round.replies.map(({ text }, place) => ({ label: LETTERS[place], text }));
      return {
        ...base,
        text: [...head, shorten(replies, limit - lengthOf(head))],
        buttons: choiceButtons(round, words),
      };
    }
    case 'stopped':
      return { ...base, text: [tune.stopped(round.votes)] };
    case 'done':
      return { ...base, text: outcome(round, words, limit) };
  }
}

/** What the round changed. Two replies that are the same show nothing, and no change says so. */
function outcome({ before, after, votes }: TuneRound, { tune }: Words, limit: number): string[] {
  const bar = progressBar(1, 1);
  if (!before || !after || before.version === after.version) return [`${bar} ${tune.nothingLearned(votes)}`];
  const isSame = before.text === after.text;
  const head = [`${bar} ${isSame ? tune.sameReply(votes) : tune.done(votes)}`, `**${tune.heldOut}**`];
  const replies = isSame
    ? [{ label: tune.after, text: after.text }]
    : [
        { label: tune.before, text: before.text },
        { label: tune.after, text: after.text },
      ];
  return [...head, shorten(replies, limit - lengthOf(head))];
}

function choiceButtons(round: TuneRound, { tune }: Words): Button[][] {
  const at = round.done;
  return [
    ...rowsOf(
      round.replies.map((_, place) => ({
        action: action('tune', LETTERS[place], at),
        label: LETTERS[place],
        style: 'primary',
      })),
    ),
    [
      { action: action('tune', 'none', at), label: tune.none },
      { action: action('tune', 'skip', at), label: tune.skip },
      { action: action('tune', 'stop', at), label: tune.stop },
    ],
  ];
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length + 2, 64);
}

/** Replies in one message: whole where they fit, else each its share of the room, from its beginning. */
function shorten(replies: readonly ShownReply[], limit: number): string {
  const whole = layoutReplies(replies, limit);
  if (whole.length === 1) return whole[0];
  const share = Math.floor(limit / replies.length) - 4;
  const cut = replies.map((reply) => ({
    ...reply,
    text: `${layoutReplies([{ label: '', text: reply.text }], share - reply.label.length - 6)[0]} …`,
  }));
  return layoutReplies(cut, limit)[0];
}
