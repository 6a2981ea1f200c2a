/** A latent adapter with random weights: any latent gives a prefix of its own. */
import { Random } from '../../src/common/random.js';
import { adapterShapes } from '../../src/language-model/graphs/adapter.js';
import type { LanguageModelConfig } from '../../src/language-model/model.js';
import type { AdapterWeights } from '../../src/runtime/messages.js';

export function randomAdapter(config: LanguageModelConfig, latentSize: number, middle: number): AdapterWeights {
  const shapes = adapterShapes(config, latentSize, middle);
  const random = (name: keyof typeof shapes, size: number) => {
    const count = shapes[name].reduce((a, b) => a * b, 1);
    return new Random(name).normals(count).map((value) => value * size);
  };
  return {
    digest: `random-${latentSize}-${middle}`,
    latentSize,
    middle,
    w1: random('w1', latentSize ** -0.5),
    b1: random('b1', 0.1),
    w2: random('w2', middle ** -0.5),
    b2: random('b2', 0.3),
  };
}
