import { describe, expect, it } from 'vitest';
import { initialState, takeStep } from '../../src/learning/clap/trainer.js';

describe('a step of training', () => {
  const begin = () => {
    const state = initialState({ w: Float32Array.of(1, 2), b: Float32Array.of(3) });
    takeStep(state, { loss: Float32Array.of(1), d_w: Float32Array.of(3, 0), d_b: Float32Array.of(4) }, 1, () => 0.1);
    return state;
  };

  it('goes against the gradient, whose norm it tells', () => {
    const state = begin();
    const outputs = { loss: Float32Array.of(1), d_w: Float32Array.of(3, 0), d_b: Float32Array.of(4) };
    expect(takeStep(state, outputs, 1, () => 0.1)).toEqual({ gradientNorm: 5 });
    expect(state.step).toBe(2);
    expect(state.parameters.w[0]).toBeLessThan(begin().parameters.w[0]);
    expect(state.parameters.w[1]).toBe(2);
  });

  it.each([
    ['the loss is not finite', Number.NaN, 1, 1],
    ['the loss is not finite', Infinity, 1, 1],
    ['the gradient is not finite', 1, Number.NaN, 1],
    ['the gradient is not finite', 1, 1, -Infinity],
  ])('leaves parameters and moments alone where %s (%d, %d, %d)', (skipped, loss, dw, db) => {
    const state = begin();
    const outputs = { loss: Float32Array.of(loss), d_w: Float32Array.of(dw, 0), d_b: Float32Array.of(db) };
    expect(takeStep(state, outputs, 1, () => 0.1)).toEqual({ skipped });
    expect(state).toEqual({ ...begin(), step: 2 });
  });
});
