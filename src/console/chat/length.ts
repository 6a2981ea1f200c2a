/** How long replies may become: chosen by whoever reads them, kept by their browser, within what the service allows. */
import type { Viewer } from '../../client/index.js';
import { Observable } from '../observable.js';
import { BROWSER, type Kept } from '../session/kept.js';
import { amount } from '../ui/time.js';

const NAME = 'palate.reply-tokens';

/** Of the usual length: what is offered beside it and the longest. */
const SHARES = [0.5, 1, 2, 4];

export type LengthLimits = Pick<Viewer, 'replyTokens' | 'replyTokensMaximum'>;

/** Tokens to choose from, the shortest first. */
export function lengthsWithin({ replyTokens, replyTokensMaximum }: LengthLimits): number[] {
  const offered = SHARES.map((share) => Math.max(1, Math.round(share * replyTokens)));
  return [...new Set([...offered, replyTokensMaximum])].filter((tokens) => tokens <= replyTokensMaximum);
}

/** A text has about three words for four tokens. */
export function lengthWords(tokens: number): string {
  const words = tokens * 0.75;
  const step = words < 20 ? 5 : words < 200 ? 10 : 50;
  return `about ${amount(Math.max(1, Math.round(words / step) * step))} words`;
}

export class ReplyLength {
  readonly tokens: Observable<number>;
  readonly offered: readonly number[];

  constructor(
    limits: LengthLimits,
    private readonly kept: Kept = BROWSER,
  ) {
    this.offered = lengthsWithin(limits);
    const before = Number(kept.read(NAME));
    const usual = Math.min(limits.replyTokens, limits.replyTokensMaximum);
    this.tokens = new Observable(this.offered.includes(before) ? before : usual);
  }

  readonly choose = (tokens: number): void => {
    this.kept.write(NAME, String(tokens));
    this.tokens.set(tokens);
  };
}
