/** Element by element: arithmetic, activations, comparisons, selection, casts. Binary operations broadcast. */
import type { Gradient, Value } from './graph.js';
import { apply, broadcastShapes, expectType, fail, type Operand, operands, scalar } from './operation.js';
import { type DataType, ELEMENT_TYPE } from './tensor.js';

export function Add(a: Operand, b: Operand): Value {
  return binary('Add', a, b, () => (g) => [() => g, () => g]);
}

export function Sub(a: Operand, b: Operand): Value {
  return binary('Sub', a, b, () => (g) => [() => g, () => Neg(g)]);
}

export function Mul(a: Operand, b: Operand): Value {
  return binary('Mul', a, b, (x, y) => (g) => [() => Mul(g, y), () => Mul(g, x)]);
}

export function Div(a: Operand, b: Operand): Value {
  return binary('Div', a, b, (_, y, quotient) => (g) => [() => Div(g, y), () => Neg(Div(Mul(g, quotient()), y))]);
}

/** `a ** b`; the gradient for b needs a > 0. */
export function Pow(a: Operand, b: Operand): Value {
  return binary('Pow', a, b, (x, y, power) => (g) => [
    () => Mul(g, Mul(y, Pow(x, Sub(y, 1)))),
    () => Mul(g, Mul(power(), Log(x))),
  ]);
}

/** The larger of both; where they are equal the gradient goes to a. */
export function Max(a: Operand, b: Operand): Value {
  return binary('Max', a, b, (x, y) => (g) => [() => Where(Less(x, y), 0, g), () => Where(Less(x, y), g, 0)]);
}

/** The smaller of both; where they are equal the gradient goes to a. */
export function Min(a: Operand, b: Operand): Value {
  return binary('Min', a, b, (x, y) => (g) => [() => Where(Greater(x, y), 0, g), () => Where(Greater(x, y), g, 0)]);
}

export function Neg(x: Value): Value {
  return unary('Neg', x, (g) => Neg(g));
}

/** The gradient at 0 is 0. */
export function Abs(x: Value): Value {
  return unary('Abs', x, (g) => Mul(g, Sign(x)));
}

export function Exp(x: Value): Value {
  return unary('Exp', x, (g, y) => Mul(g, y));
}

export function Log(x: Value): Value {
  return unary('Log', x, (g) => Div(g, x));
}

export function Sqrt(x: Value): Value {
  return unary('Sqrt', x, (g, y) => Div(Mul(g, 0.5), y));
}

export function Reciprocal(x: Value): Value {
  return unary('Reciprocal', x, (g, y) => Neg(Mul(g, Mul(y, y))));
}

export function Sigmoid(x: Value): Value {
  return unary('Sigmoid', x, (g, y) => Mul(g, Mul(y, Sub(1, y))));
}

export function Tanh(x: Value): Value {
  return unary('Tanh', x, (g, y) => Mul(g, Sub(1, Mul(y, y))));
}

/** The gradient at 0 is 0. */
export function Relu(x: Value): Value {
  return unary('Relu', x, (g) => Where(Greater(x, 0), g, 0));
}

/** `log(1 + exp(x))`. */
export function Softplus(x: Value): Value {
  return unary('Softplus', x, (g) => Mul(g, Sigmoid(x)));
}

/** Gauss error function. */
export function Erf(x: Value): Value {
  return unary('Erf', x, (g) => Mul(g, Mul(Exp(Neg(Mul(x, x))), 2 / Math.sqrt(Math.PI))));
}

/** -1, 0 or 1; its gradient is zero everywhere and not passed on. */
export function Sign(x: Value): Value {
  return unary('Sign', x);
}

/** Limits to [low, high]; the gradient passes inside and at the limits. */
export function Clip(x: Value, low: number, high: number): Value {
  expectType('Clip', x, 'float32');
  const limits = [scalar(x.graph, low), scalar(x.graph, high)];
  const inside = (g: Value) => Where(Or(Less(x, low), Greater(x, high)), 0, g);
  return apply('Clip', [x, ...limits], x, { gradient: (g) => [() => inside(g)] });
}

export function Equal(a: Operand, b: Operand): Value {
  return comparison('Equal', a, b);
}

export function Greater(a: Operand, b: Operand): Value {
  return comparison('Greater', a, b);
}

export function GreaterOrEqual(a: Operand, b: Operand): Value {
  return comparison('GreaterOrEqual', a, b);
}

export function Less(a: Operand, b: Operand): Value {
  return comparison('Less', a, b);
}

export function LessOrEqual(a: Operand, b: Operand): Value {
  return comparison('LessOrEqual', a, b);
}

export function And(a: Value, b: Value): Value {
  expectType('And', a, 'bool');
  return comparison('And', a, b);
}

export function Or(a: Value, b: Value): Value {
  expectType('Or', a, 'bool');
  return comparison('Or', a, b);
}

export function Not(x: Value): Value {
  expectType('Not', x, 'bool');
  return unary('Not', x);
}

/** `condition ? a : b`, element by element; all three broadcast. */
export function Where(condition: Value, a: Operand, b: Operand): Value {
  expectType('Where', condition, 'bool');
  const [x, y] =
    typeof a === 'number' && typeof b === 'number'
      ? [scalar(condition.graph, a), scalar(condition.graph, b)]
      : operands('Where', a, b);
  const shape = broadcastShapes('Where', condition.shape, broadcastShapes('Where', x.shape, y.shape));
  return apply(
    'Where',
    [condition, x, y],
    { type: x.type, shape },
    {
      gradient: (g) => [undefined, () => Where(condition, g, 0), () => Where(condition, 0, g)],
    },
  );
}

/** To another element type; differentiable between floats. */
export function Cast(x: Value, type: DataType): Value {
  if (x.type === type) return x;
  const floats = isFloat(x.type) && isFloat(type);
  return apply(
    'Cast',
    [x],
    { type, shape: x.shape },
    {
      attributes: { to: ELEMENT_TYPE[type] },
      gradient: floats ? (g) => [() => Cast(g, x.type)] : undefined,
    },
  );
}

export function Identity(x: Value): Value {
  return unary('Identity', x, (g) => g);
}

function isFloat(type: DataType): boolean {
  return type === 'float32' || type === 'float16';
}

/** `derivative` gets the gradient at the output, and the output. */
function unary(op: string, x: Value, derivative?: (g: Value, y: Value) => Value): Value {
  const y: Value = apply(op, [x], x, { gradient: derivative && ((g) => [() => derivative(g, y)]) });
  return y;
}

/** `rule` gets both operands as tensors and the output. */
function binary(op: string, a: Operand, b: Operand, rule: (x: Value, y: Value, z: () => Value) => Gradient): Value {
  const [x, y] = operands(op, a, b);
  if (x.type === 'bool') fail(op, 'takes numbers', x, y);
  const shape = broadcastShapes(op, x.shape, y.shape);
  const z: Value = apply(op, [x, y], { type: x.type, shape }, { gradient: rule(x, y, () => z) });
  return z;
}

function comparison(op: string, a: Operand, b: Operand): Value {
  const [x, y] = operands(op, a, b);
  return apply(op, [x, y], { type: 'bool', shape: broadcastShapes(op, x.shape, y.shape) });
}
