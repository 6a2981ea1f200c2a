/** A computation graph under construction: values, the nodes that make them, constants and frozen weights. */
import { PalateError } from '../common/errors.js';
import { canonicalDim, type Dim, describeShape } from './dims.js';
import { type DataType, type Numbers, packNumbers, sizeOfType } from './tensor.js';

/** A tensor in a graph. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly Dim[];
}

export interface ValueType {
  type: DataType;
  shape: readonly Dim[];
}

/** A whole number is an ONNX INT; a real one is written `{ float: 0.5 }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

/**
 * From the gradients at a node's outputs to one recipe an input, undefined where the input has none. Of several outputs'
 * gradients those are undefined from which nothing flows back. A recipe may answer in a shape that the input broadcasts
 * to: reverse mode sums it back.
 */
export type Gradient = (...outputs: readonly Value[]) => readonly ((() => Value) | undefined)[];

export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  readonly gradient?: Gradient;
}

/** A tensor stored with the model; `load` gives its bytes, little-endian and row-major. */
export interface Initializer {
  readonly value: Value;
  readonly load: () => Uint8Array;
}

export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: { name: string; value: Value }[] = [];
  readonly constants: Initializer[] = [];
  readonly weights: Initializer[] = [];
  private readonly values = new Map<string, Value>();
  private readonly producers = new Map<Value, Node>();
  private readonly constantsByContent = new Map<string, Value>();
  private readonly carriers = new Map<Dim, { value: Value; axis: number }>();
  private readonly counts = new Map<string, number>();

  constructor(readonly name: string) {}

  /** A tensor handed in at every run. */
  input(name: string, type: DataType, shape: readonly Dim[]): Value {
    const value = this.add(name, type, shape);
    this.inputs.push(value);
    return value;
  }

  /** A small tensor inside the model file; the same content is stored once. Numbers default to float32, bigints to int64. */
  constant(data: Numbers, shape: readonly number[], type?: DataType): Value {
    const packed = packNumbers(data, type);
    expectBytes(`A constant in graph ${this.name}`, packed.type, shape, packed.bytes.byteLength);
    const small = packed.bytes.byteLength <= 256;
    const key = small ? `${packed.type}${describeShape(shape)}${Buffer.from(packed.bytes).toString('hex')}` : '';
    const known = small ? this.constantsByContent.get(key) : undefined;
    if (known) return known;
    const value = this.add(this.freeName('constant'), packed.type, shape);
    this.constants.push({ value, load: () => packed.bytes });
    if (small) this.constantsByContent.set(key, value);
    return value;
  }

  /**
   * A frozen tensor in the external data file. Asking for the same name again gives the same Value; `data` may be a
   * function, which is called only when the file does not hold that name yet.
   */
  weight(name: string, type: DataType, shape: readonly number[], data: Uint8Array | (() => Uint8Array)): Value {
    const known = this.values.get(name);
    if (known) {
      if (known.type === type && describeShape(known.shape) === describeShape(shape)) return known;
      throw new PalateError(
        'INTERNAL',
        `Graph ${this.name}: ${name} is ${known.type}${describeShape(known.shape)} already and cannot also be ${type}${describeShape(shape)}.`,
      );
    }
    const value = this.add(name, type, shape);
    const load = () => {
      const bytes = typeof data === 'function' ? data() : data;
      expectBytes(`Weight ${name}`, type, shape, bytes.byteLength);
      return bytes;
    };
    this.weights.push({ value, load });
    return value;
  }

  /** Names a result of the graph. One value may be an output under several names. */
  output(name: string, value: Value): void {
    this.own(value, `output ${name}`);
    if (this.outputs.some((output) => output.name === name) || (this.values.has(name) && value.name !== name)) {
      throw new PalateError('INTERNAL', `Graph ${this.name}: the name ${name} is taken; name the output otherwise.`);
    }
    this.outputs.push({ name, value });
  }

  /**
   * Adds a node; every operation goes through here. `outputs` are the types and shapes it makes, `domain` is empty for
   * ai.onnx. Without `gradient` nothing can be differentiated through it.
   */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    outputs: readonly ValueType[],
    domain = '',
    gradient?: Gradient,
  ): Value[] {
    for (const input of inputs) if (input) this.own(input, op);
    const made = outputs.map(({ type, shape }) => this.add(this.freeName(op), type, shape));
    const node: Node = { op, domain, inputs, outputs: made, attributes, gradient };
    this.nodes.push(node);
    for (const value of made) this.producers.set(value, node);
    return made;
  }

  /** The node that makes a value; undefined for inputs, constants and weights. */
  producerOf(value: Value): Node | undefined {
    return this.producers.get(value);
  }

  /** A value one of whose axes has this symbolic size, inputs first. */
  carrierOf(dim: Dim): { value: Value; axis: number } | undefined {
    return this.carriers.get(canonicalDim(dim));
  }

  private add(name: string, type: DataType, shape: readonly Dim[]): Value {
    if (this.values.has(name) || this.outputs.some((output) => output.name === name)) {
      throw new PalateError('INTERNAL', `Graph ${this.name}: two values cannot both be named ${name}.`);
    }
    for (const dim of shape) {
      if (typeof dim === 'number' && !(Number.isInteger(dim) && dim >= 0)) {
        throw new PalateError('INTERNAL', `Graph ${this.name}: ${name} cannot have the shape ${describeShape(shape)}.`);
      }
    }
    const value: Value = Object.freeze({ graph: this, name, type, shape: Object.freeze([...shape]) });
    this.values.set(name, value);
    shape.forEach((dim, axis) => {
      if (typeof dim === 'number') return;
      const key = canonicalDim(dim);
      if (!this.carriers.has(key)) this.carriers.set(key, { value, axis });
    });
    return value;
  }

  private freeName(stem: string): string {
    let name: string;
    do {
      const count = this.counts.get(stem) ?? 0;
      this.counts.set(stem, count + 1);
      name = `${stem}_${count}`;
    } while (this.values.has(name));
    return name;
  }

  private own(value: Value, use: string): void {
    if (value.graph !== this) {
      throw new PalateError(
        'INTERNAL',
        `${use} in graph ${this.name} was given ${value.name}, which belongs to graph ${value.graph.name}.`,
      );
    }
  }
}

function expectBytes(what: string, type: DataType, shape: readonly number[], bytes: number): void {
  const expected = shape.reduce((a, b) => a * b, 1) * sizeOfType(type);
  if (expected !== bytes) {
    throw new PalateError(
      'INTERNAL',
      `${what} of ${type}${describeShape(shape)} takes ${expected} bytes, not ${bytes}.`,
    );
  }
}
