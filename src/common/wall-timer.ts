/** Acting at a moment of the wall clock. Timers count by another clock, fire a little early, and count no longer than 25 days. */

/** Milliseconds between two looks at the clock, which may have been set meanwhile. */
const LOOK_MS = 10_000;

export interface WallTimerParts {
  /** Milliseconds since 1970, by the clock that `moment` is meant by. */
  now?: () => number;
  lookMs?: number;
}

/**
 * Calls `act` once, as soon as the clock shows `moment` or later, and never before; a clock that is set is noticed within ten seconds.
 * Keeps no process alive.
 * @returns forgets it
 */
export function atMoment(moment: Date, act: () => void, parts: WallTimerParts = {}): () => void {
  const { now = Date.now, lookMs = LOOK_MS } = parts;
  let timer: NodeJS.Timeout;
  const look = () => {
    const left = moment.getTime() - now();
    if (left <= 0) act();
    else wait(left);
  };
  const wait = (milliseconds: number) => {
    timer = setTimeout(look, Math.max(1, Math.min(milliseconds, lookMs)));
    timer.unref();
  };
  // Not at once even where it is over: whoever asks has not yet written down what they ask for.
  wait(moment.getTime() - now());
  return () => clearTimeout(timer);
}
