/** Reverse mode: gradients as ordinary nodes of the same graph. */
import { PalateError } from '../common/errors.js';
import { describeShape } from './dims.js';
import { Add } from './elementwise.js';
import type { Graph, Node, Value } from './graph.js';
import { sameShape } from './operation.js';
import { sumToShape } from './reduce.js';

/**
 * The gradient of a scalar loss (shape [], or all sizes 1) at each value of `wrt`, in its shape. Only nodes between
 * `wrt` and the loss are walked, and nothing is computed for constants, weights and other values that were not asked for.
 * INTERNAL where the loss does not depend on a value, or only through an operation that has no gradient.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.type !== 'float32' || loss.shape.some((dim) => dim !== 1)) {
    throw new PalateError(
      'INTERNAL',
      `The loss must be one float32, not ${loss.type}${describeShape(loss.shape)}: reduce it first.`,
    );
  }
  const one = loss.graph.constant(
    [1],
    loss.shape.map(() => 1),
    'float32',
  );
  return vectorJacobianProduct([loss], [one], wrt);
}

/** `sum_i cotangents[i] . d outputs[i] / d wrt`, each in the shape of its value; a cotangent has its output's shape. */
export function vectorJacobianProduct(
  outputs: readonly Value[],
  cotangents: readonly Value[],
  wrt: readonly Value[],
): Value[] {
  const [{ graph }] = outputs;
  const arrived = new Map<Value, Value>();
  outputs.forEach((output, i) => {
    if (!sameShape(cotangents[i].shape, output.shape)) {
      throw new PalateError(
        'INTERNAL',
        `${output.name} is ${describeShape(output.shape)} and its cotangent ${describeShape(cotangents[i].shape)}.`,
      );
    }
    receive(arrived, output, cotangents[i]);
  });
  const path = nodesBetween(graph, wrt, outputs);
  const wanted = new Set<Value>(wrt);
  for (const node of path) for (const output of node.outputs) wanted.add(output);
  for (const node of path.reverse()) pullBack(node, arrived, wanted);
  return wrt.map((value) => {
    const gradient = arrived.get(value);
    if (gradient) return gradient;
    throw new PalateError(
      'INTERNAL',
      `${outputs.map(({ name }) => name).join(', ')} in graph ${graph.name} does not depend on ${value.name}: there is no gradient.`,
    );
  });
}

/** Carries the gradients at a node's outputs to those inputs that are wanted. */
function pullBack(node: Node, arrived: Map<Value, Value>, wanted: ReadonlySet<Value>): void {
  const incoming = node.outputs.map((output) => arrived.get(output));
  if (incoming.every((gradient) => gradient === undefined)) return;
  if (!node.gradient) {
    throw new PalateError(
      'INTERNAL',
      `${node.op} (${node.outputs[0].name}) lies on the way of a gradient and has none.`,
    );
  }
  // An operation with one output gets a gradient; those with several take undefined too.
  const recipes = node.gradient(...(incoming as Value[]));
  node.inputs.forEach((input, i) => {
    const recipe = recipes[i];
    if (input && recipe && wanted.has(input)) receive(arrived, input, sumToShape(recipe(), input.shape));
  });
}

function receive(arrived: Map<Value, Value>, value: Value, gradient: Value): void {
  const before = arrived.get(value);
  arrived.set(value, before ? Add(before, gradient) : gradient);
}

/** The nodes that depend on `from` and lead to `to`, in the graph's order. */
function nodesBetween(graph: Graph, from: readonly Value[], to: readonly Value[]): Node[] {
  const reached = new Set<Value>(from);
  const forward = graph.nodes.filter((node) => {
    const depends = node.inputs.some((input) => input && reached.has(input));
    if (depends) for (const output of node.outputs) reached.add(output);
    return depends;
  });
  const needed = new Set<Value>(to);
  const path: Node[] = [];
  for (const node of forward.reverse()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) if (input && reached.has(input)) needed.add(input);
    path.push(node);
  }
  return path.reverse();
}
