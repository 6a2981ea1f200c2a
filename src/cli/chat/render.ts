/** What the chat shows, as lines of text. Pure functions: state and width in, lines out. */
import type { CandidateRole, FinishReason, GenerationQueued, PoolStatus, TrainingJob } from '../../client/index.js';
import { duration } from '../sentences.js';
import { fill, sideBySide, wrap } from './layout.js';
import type { Style } from './style.js';

/** A reply as it grows. */
export interface Reply {
  /** The key that chooses it. */
  label: string;
  text: string;
  finishReason: FinishReason | null;
  /** Stands behind the label. */
  note?: string;
}

/** How one reply was made, as the vote revealed it. */
export interface Revealed {
  label: string;
  role: CandidateRole;
  chosen: boolean;
}

export interface RenderOptions {
  /** Cells of a line. */
  width: number;
  style: Style;
  /** Whether replies may stand next to each other. */
  columns: boolean;
}

/** Narrower than this, a column is hard to read. */
const MINIMUM_COLUMN = 34;
const GAP = '  │  ';
const BAR_WIDTH = 20;

/** The replies, two next to each other where there is room for it, else one under the other. */
export function renderReplies(replies: readonly Reply[], options: RenderOptions): string[] {
  const column = Math.floor((options.width - GAP.length) / 2);
  if (!options.columns || column < MINIMUM_COLUMN || replies.length < 2) {
    return replies.flatMap((reply) => renderReply(reply, options.width, options.style));
  }
  const lines: string[] = [];
  for (let i = 0; i < replies.length; i += 2) {
    const pair = replies.slice(i, i + 2);
    const titles = pair.map((reply) => styledTitle(reply, column, options.style));
    lines.push(titles.join(options.style.dim(GAP)).trimEnd());
    const bodies = sideBySide(
      pair.map((reply) => body(reply, column)),
      column,
      GAP,
    );
    lines.push(...bodies, '');
  }
  return lines;
}

function renderReply(reply: Reply, width: number, style: Style): string[] {
  return [styledTitle(reply, width, style).trimEnd(), ...body(reply, width), ''];
}

function styledTitle(reply: Reply, width: number, style: Style): string {
  const label = `[${reply.label}]`;
  const note = reply.note ? ` ${reply.note}` : reply.finishReason === null ? ' …' : endOf(reply.finishReason);
  const rest = fill(note, Math.max(0, width - label.length));
  return `${style.bold(label)}${style.dim(rest.trimEnd())}${' '.repeat(rest.length - rest.trimEnd().length)}`;
}

function endOf(reason: FinishReason): string {
  return { STOP: '', LENGTH: ' cut at its longest', CANCELLED: ' cancelled' }[reason];
}

function body(reply: Reply, width: number): string[] {
  const cursor = reply.finishReason === null ? '▌' : '';
  return wrap(reply.text.trim() + cursor, width);
}

/** What was learned of the member so far. */
export interface Learned {
  /** The version that serves, and the verdicts it was trained on. */
  version: number;
  votes: number;
  /** Nothing is learned in that version. */
  empty: boolean;
}

/** What is being talked to. */
export function renderGreeting(pool: PoolStatus, member: string, { width, style }: RenderOptions): string[] {
  const facts = `${pool.model} on ${pool.device}, ${member}`;
  const lines = [style.bold('Palate'), ...wrap(facts, width).map(style.dim)];
  if (pool.notPersonalisedBecause) lines.push(...wrap(pool.notPersonalisedBecause, width).map(style.bad));
  return [...lines, ''];
}

/** Above the replies: which state of the member's taste they come from. */
export function renderVersion({ version, votes, empty }: Learned, { style }: Pick<RenderOptions, 'style'>): string {
  if (empty) return style.dim(`nothing learned ${version === 0 ? 'yet' : 'any more'} (version ${version})`);
  const from = votes === 0 ? 'as it was brought along' : `learned from ${count(votes, 'vote')}`;
  return style.accent(`your taste, version ${version}`) + style.dim(`, ${from}`);
}

/** Above the rest of a reply that is gone on with: what made its beginning makes the rest, whatever was learned since. */
export function renderGoingOn({ style }: Pick<RenderOptions, 'style'>): string {
  return style.dim('the rest of the reply, made like its beginning');
}

/** While a question waits for others: its place, and how long that may take. */
export function renderQueue(
  { ahead, estimatedWaitMs }: Pick<GenerationQueued, 'ahead' | 'estimatedWaitMs'>,
  { style }: Pick<RenderOptions, 'style'>,
): string {
  const place = ahead === 0 ? 'next in turn' : `${count(ahead, 'question')} before this one`;
  return style.dim(`waits: ${place}, about ${duration(estimatedWaitMs)}`);
}

export function renderVoteKeys(replies: number, { style }: Pick<RenderOptions, 'style'>): string {
  const choices = replies === 2 ? '1 or 2 for the better one, = for a tie' : `1 to ${replies} for the best one`;
  return style.dim(`${choices}, x if none is good, Enter to go on without a vote`);
}

/** How a candidate was made, for people. */
export function describeRole(role: CandidateRole, version: number): string {
  switch (role) {
    case 'PERSONAL':
      return version > 0 ? `with your taste, version ${version}` : 'with your taste';
    case 'BASE':
      return 'without a taste';
    case 'EXPLORE':
      return 'with a taste drawn at random, to learn';
  }
}

/** Which replies were made how, those made alike together; the chosen one stands out. */
export function renderReveal(
  replies: readonly Revealed[],
  version: number,
  { style }: Pick<RenderOptions, 'style'>,
): string[] {
  const roles = [...new Set(replies.map((reply) => reply.role))];
  return roles.map((role) => {
    const alike = replies.filter((reply) => reply.role === role);
    const labels = alike.map(({ label, chosen }) => (chosen ? style.good(`[${label}]`) : style.dim(`[${label}]`)));
    return `${labels.join(' ')} ${style.dim(describeRole(role, version))}`;
  });
}

/**
 * A training as one line.
 * @param before the version that served until now
 */
export function renderTraining(
  job: TrainingJob,
  before: number,
  { style, width }: Omit<RenderOptions, 'columns'>,
): string {
  const pairs = count(job.pairCount, 'pair');
  const learning = job.pairCount > 0 ? `learning from ${pairs}` : 'learning';
  switch (job.status) {
    case 'QUEUED':
      return style.dim(`${learning}: waits`);
    case 'RUNNING': {
      const facts = `${job.step}/${job.totalSteps}${job.loss === null ? '' : ` loss ${job.loss.toFixed(3)}`}`;
      return style.dim(fill(`${learning} ${bar(job.step, job.totalSteps)} ${facts}`, width - 1).trimEnd());
    }
    case 'SUCCEEDED': {
      const loss = job.loss === null ? '' : `, loss ${job.loss.toFixed(3)}`;
      const accuracy = job.accuracy === null ? '' : `, ${Math.round(job.accuracy * 100)} % of pairs in order`;
      const time = job.durationMs === null ? '' : ` in ${job.durationMs} ms`;
      const version = `version ${before} → ${job.encoderVersion ?? before}`;
      // Votes were taken back, and none is left.
      if (job.pairCount === 0) {
        const start = 'nothing is learned from votes any more; your taste is back where it began';
        return `${style.good(version)}${style.dim(`: ${start}`)}`;
      }
      return `${style.good(version)}${style.dim(`${time}: ${count(job.step, 'step')} on ${pairs}${loss}${accuracy}`)}`;
    }
    case 'REJECTED':
      return `${style.accent(`version ${before} stays`)}${style.dim(`: ${job.error ?? 'the new one was no better'}`)}`;
    case 'FAILED':
      return style.bad(`the training failed: ${job.error ?? 'the log of the gateway says why'}`);
    case 'CANCELLED':
      return style.dim('the training was cancelled');
  }
}

/** Before and after, next to each other. */
export function renderComparison(prompt: string, before: Reply, after: Reply, options: RenderOptions): string[] {
  return [...wrap(prompt, options.width).map(options.style.bold), '', ...renderReplies([before, after], options)];
}

/** `done` of `total` as a bar. */
export function bar(done: number, total: number, width = BAR_WIDTH): string {
  const filled = total > 0 ? Math.round((width * Math.min(done, total)) / total) : 0;
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
