/** What the stage that raises the response is told, and its defaults. */

export interface ResponseSettings {
  /** 0 leaves the adapter as CLaP made it. */
  steps: number;
  learningRate: number;
  /** Replies behind z; as many are written behind -z. */
  signed: number;
  /** A latent's length is drawn between these two: that of tastes, from little evidence to much. */
  shortest: number;
  longest: number;
  /** What a nat a token of likelihood under the untouched model weighs against a unit of z. */
  driftWeight: number;
  /** The stage ends where z = 0 makes replies kept aside less likely than no prefix does by more than this, in nat a token. */
  zeroCost: number;
  /** Every so manyth step is one of CLaP. */
  clapEvery: number;
  /** Steps between saved states, at each of which the cost of z = 0 is looked at, which takes as long as three steps. */
  saveEvery: number;
}

/** What docs/method.md 2 states, at the size of SmolLM2-135M. */
export const RESPONSE_DEFAULTS: ResponseSettings = {
  steps: 0,
  learningRate: 1e-3,
  signed: 6,
  shortest: 3,
  longest: 7.5,
  driftWeight: 1,
  zeroCost: 0.01,
  clapEvery: 4,
  saveEvery: 10,
};
