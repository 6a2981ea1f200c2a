/** Opens one of the decoder's graphs over a model file, in this thread. */
import { join } from 'node:path';
import type { Graph } from '../../src/graph/index.js';
import { Graph as NewGraph } from '../../src/graph/index.js';
import { FrozenWeights, type Precision } from '../../src/language-model/graphs/linear.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import { writeGraphs } from '../../src/runtime/graph-files.js';
import { ServingModel } from '../../src/runtime/serving-model.js';
import { Session } from '../../src/runtime/session.js';

/** Writes the graph that `build` makes into `folder`, under a name of its own, and opens it. */
export async function openDecoder(
  file: LanguageModelFile,
  build: (weights: FrozenWeights) => Graph,
  precision: Precision,
  folder: string,
): Promise<Session> {
  const name = `${build.name}-${precision}`;
  await writeGraphs(folder, [build(new FrozenWeights(new NewGraph(name), file, precision))], `${name}.weights`);
  return Session.open(join(folder, `${name}.onnx`), 2);
}

/** Everything that a graph without cached positions computes for one text. */
export function runText(session: Session, file: LanguageModelFile, ids: readonly number[]) {
  const model = new ServingModel(file.config, {});
  return session.run(model.readFeeds([ids], model.emptyCache(), {}));
}

/** Row i of a matrix with rows of `size` numbers. */
export function rowOf(matrix: Float32Array, i: number, size: number): Float32Array {
  return matrix.subarray(i * size, (i + 1) * size);
}

/** Index of the greatest number. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** The logarithm of softmax, in double precision. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const top = logits[argmax(logits)];
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - top);
  return Float64Array.from(logits, (logit) => logit - top - Math.log(sum));
}
