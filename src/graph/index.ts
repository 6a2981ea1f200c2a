/** ONNX graphs: build them operation by operation, differentiate them, encode them. */
export * from './contrib.js';
export { addDims, canonicalDim, type Dim, divideDims, multiplyDims, sameDim, subtractDims } from './dims.js';
export * from './elementwise.js';
export { encodeModel, type StoredTensor } from './encoding.js';
export { gradients, vectorJacobianProduct } from './gradients.js';
export {
  type Attribute,
  type Attributes,
  type Gradient,
  Graph,
  type Initializer,
  type Node,
  type Value,
  type ValueType,
} from './graph.js';
export * from './indexing.js';
export * from './matrix.js';
export * from './normalization.js';
export { type Operand, scalar } from './operation.js';
export { print } from './print.js';
export {
  ReduceLogSumExp as LogSumExp,
  ReduceLogSumExp,
  ReduceMax,
  ReduceMean,
  type ReduceOptions,
  ReduceSum,
} from './reduce.js';
export * from './shape.js';
export { type DataType, type Numbers, sizeOfType } from './tensor.js';
