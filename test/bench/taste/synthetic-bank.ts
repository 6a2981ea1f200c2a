/** A bank without a language model: latents are drawn, and a reply's text is a number that one direction of its latent gives. */
import { type BankPrompt, type PromptSet, REPLIES } from '../../../bench/taste/bank.js';
import { Random } from '../../../src/common/random.js';

export const LATENT_SIZE = 32;

export function syntheticBank({ vote, heldOut }: { vote: number; heldOut: number }): BankPrompt[] {
  return [...some('VOTE', vote), ...some('HELD_OUT', heldOut)];
}

function some(set: PromptSet, count: number): BankPrompt[] {
  return Array.from({ length: count }, (_, p) => {
    const prompt = `${set} ${p}`;
    const random = new Random(`synthetic/${prompt}`);
    const replies = Array.from({ length: REPLIES[set] }, () => {
      const mean = random.normals(LATENT_SIZE);
      const text = (mean[0] + 0.5 * mean[1]).toFixed(6);
      const posterior = { mean, logVariance: new Float32Array(LATENT_SIZE).fill(-2) };
      const tokens = Array<number>(10).fill(3);
      return { prompt, text, ended: true, tokens, nll: 15, scored: 9, white: random.normals(128), posterior };
    });
    return { prompt, set, replies };
  });
}
