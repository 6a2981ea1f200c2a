import { describe, expect, it } from 'vitest';
import { modelCard } from '../../src/cli/model-card.js';
import type { Checkpoint } from '../../src/learning/checkpoint.js';
import type { PretrainResult } from '../../src/learning/clap/pretrain.js';
import type { Reached } from '../../src/learning/clap/response/reached.js';
import { PRETRAIN_DEFAULTS } from '../../src/learning/clap/settings.js';

const reached = (slope: number): Reached => ({
  reconstruction: { own: 1.5, other: 1.7, zero: 1.61, none: 1.62, contrastAccuracy: 0.9, prompts: 16, replies: 128 },
  response: {
    slope,
    error: 0.014,
    byDirection: [
      { first: 0, last: 0, slope: 2 * slope, error: 0.03 },
      { first: 4, last: 7, slope: slope / 2, error: 0.02 },
    ],
    prompts: 16,
    pairs: 64,
    drift: 1.48,
    distinct2: 0.725,
    length: 6.8,
    tokens: 40,
  },
});

const none = { shape: [0], data: new Float32Array(0) };
const head = { weight: none.data, bias: none.data };

/** A checkpoint of no numbers. */
const checkpoint: Checkpoint = {
  modelDigest: 'm1',
  latentSize: 0,
  featureSize: 0,
  projectedSize: 0,
  depths: [],
  replyProjection: none.data,
  replyOffset: none.data,
  promptProjection: none.data,
  promptOffset: none.data,
  meanHead: head,
  logVarianceHead: head,
  adapter: { w1: none, b1: none, w2: none, b2: none },
  training: { ...PRETRAIN_DEFAULTS },
};

const result = (before?: Reached): PretrainResult => ({
  ...reached(0.25),
  before,
  checkpoint,
});

describe('the card of a checkpoint', () => {
  it('tells the response with its error, in the mean and by principal direction', () => {
    const card = modelCard('Tiny', 'd1', 1e6, result());
    expect(card).toContain('128 replies of at most 40 tokens to 16 prompts');
    expect(card).toContain('\n| slope | 0.250 ± 0.014 |\n');
    expect(card).toContain('\n| slope along principal direction 1 | 0.500 ± 0.030 |\n');
    expect(card).toContain('\n| slope along principal directions 5 to 8 | 0.125 ± 0.020 |\n');
    expect(card).not.toContain('before');
  });

  it('tells what was reached before the response was raised, and by what settings it was', () => {
    const card = modelCard('Tiny', 'd1', 1e6, result(reached(0.16)));
    expect(card).toContain('\n| slope | 0.160 ± 0.014 | 0.250 ± 0.014 |\n');
    expect(card).toContain('1.500 / 1.700 / 1.610 / 1.620');
    expect(card).toContain(`\n| driftWeight | ${PRETRAIN_DEFAULTS.response.driftWeight} |\n`);
    expect(card).not.toContain('ended early');
  });

  it('says where the raising ended early, and which adapter it is', () => {
    const ended = { responseStep: 40, zeroCost: 0.0131, keptStep: 35 };
    const training = { ...PRETRAIN_DEFAULTS, response: { ...PRETRAIN_DEFAULTS.response, steps: 90 } };
    const raised = { ...result(reached(0.16)), checkpoint: { ...checkpoint, training }, ended };
    const card = modelCard('Tiny', 'd1', 1e6, raised).replaceAll('\n', ' ');
    expect(card).toContain(
      'at step 40 of 90: there z = 0 cost 0.0131 nat a token against no prefix, and it may cost 0.01.',
    );
    expect(card).toContain('The adapter of step 35 was kept.');
  });
});
