/** A CLaP checkpoint: posterior encoder and latent adapter trained for one language model, as one safetensors file. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf, PalateError } from '../common/errors.js';
import { allFinite } from '../common/finite.js';
import { writeWhole } from '../common/whole-files.js';
import type { AdapterWeights } from '../runtime/messages.js';
import type { PosteriorHeads, Projection } from './posterior.js';
import { type NamedArray, readSafetensors, type StoredType, writeSafetensors } from './safetensors.js';

/** Raised when arrays change their meaning; a file of another version is refused. */
export const CHECKPOINT_FORMAT = 1;

/** z -> prefix, per layer: linear d -> m, GELU, linear m -> 4h, RMS norm (docs/method.md 1). */
export interface AdapterArrays {
  /** [layers, d, m] */
  readonly w1: NamedArray;
  /** [layers, m] */
  readonly b1: NamedArray;
  /** [layers, m, 4h] */
  readonly w2: NamedArray;
  /** [layers, 4h] */
  readonly b2: NamedArray;
}

export interface Checkpoint extends Projection, PosteriorHeads {
  /** SHA-256 of the language model's file, hex. */
  readonly modelDigest: string;
  /** d: numbers in a latent. */
  readonly latentSize: number;
  /** Numbers in a feature vector: depths times the model's hidden size. */
  readonly featureSize: number;
  /** Numbers in a projected vector. */
  readonly projectedSize: number;
  /** Where features are read: inputs of these layers; the number of layers stands for "after the final norm". */
  readonly depths: readonly number[];
  readonly adapter: AdapterArrays;
  /** What the run was and reached: steps, prompts, losses. Any JSON. */
  readonly training: Readonly<Record<string, unknown>>;
}

export interface LoadedCheckpoint extends Checkpoint {
  /** SHA-256 of the checkpoint's file, hex. */
  readonly digest: string;
}

/** The adapter, as the runtime takes it. */
export function adapterWeights({ digest, latentSize, adapter }: LoadedCheckpoint): AdapterWeights {
  const { w1, b1, w2, b2 } = adapter;
  const middle = b1.shape[1];
  return { digest, latentSize, middle, w1: w1.data, b1: b1.data, w2: w2.data, b2: b2.data };
}

/** The adapter is most of the file and tolerates half floats; the rest is small and its sums cancel, so it stays float32. */
const storedType = (name: string): StoredType => (name.startsWith('adapter.') ? 'F16' : 'F32');

/** The file's bytes; the same checkpoint gives the same bytes. */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { modelDigest, latentSize, featureSize, projectedSize, depths, training } = checkpoint;
  const facts = { modelDigest, latentSize, featureSize, projectedSize, depths, training };
  const metadata = { format: 'palate-clap', version: String(CHECKPOINT_FORMAT), facts: JSON.stringify(facts) };
  const arrays = arraysOf(checkpoint);
  for (const [name, array] of arrays) requireShape(name, array, shapesOf(checkpoint)[name]);
  return writeSafetensors(arrays, metadata, storedType);
}

/** A reader never meets half a file. Returns the file's digest. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<string> {
  const bytes = encodeCheckpoint(checkpoint);
  await writeWhole(path, bytes);
  return digestOf(bytes);
}

/** Reads and checks a checkpoint file. Missing, truncated, foreign or of another format: MODEL_UNAVAILABLE. */
export async function readCheckpoint(path: string): Promise<LoadedCheckpoint> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new PalateError('MODEL_UNAVAILABLE', `The checkpoint ${path} cannot be opened: ${messageOf(cause)}`, {
      cause,
    });
  }
  return decodeCheckpoint(bytes, basename(path));
}

/** The inverse of `encodeCheckpoint`; `origin` names the file in messages. */
export function decodeCheckpoint(bytes: Uint8Array, origin: string): LoadedCheckpoint {
  const { metadata, arrays } = readSafetensors(bytes, origin);
  if (metadata.format !== 'palate-clap') throw unusable(origin, 'it is not a checkpoint of Palate');
  if (metadata.version !== String(CHECKPOINT_FORMAT)) {
    throw unusable(origin, `it has format ${metadata.version}, this version of Palate reads ${CHECKPOINT_FORMAT}`);
  }
  const facts = parseFacts(metadata.facts, origin);
  const array = (name: string): NamedArray => {
    const found = arrays.get(name);
    if (!found) throw unusable(origin, `the array ${name} is missing`);
    return found;
  };
  const checkpoint: LoadedCheckpoint = {
    ...facts,
    digest: digestOf(bytes),
    replyProjection: array('projection.reply.weight').data,
    replyOffset: array('projection.reply.bias').data,
    promptProjection: array('projection.prompt.weight').data,
    promptOffset: array('projection.prompt.bias').data,
    meanHead: { weight: array('posterior.mean.weight').data, bias: array('posterior.mean.bias').data },
    logVarianceHead: {
      weight: array('posterior.log_variance.weight').data,
      bias: array('posterior.log_variance.bias').data,
    },
    adapter: { w1: array('adapter.w1'), b1: array('adapter.b1'), w2: array('adapter.w2'), b2: array('adapter.b2') },
  };
  const shapes = shapesOf(checkpoint);
  for (const name of Object.keys(shapes)) {
    if (!sameShape(array(name).shape, shapes[name]))
      throw unusable(origin, `the array ${name} has an unexpected shape`);
    if (!allFinite(array(name).data)) throw unusable(origin, `the array ${name} holds numbers that are not finite`);
  }
  return checkpoint;
}

type Facts = Pick<Checkpoint, 'modelDigest' | 'latentSize' | 'featureSize' | 'projectedSize' | 'depths' | 'training'>;

function parseFacts(text: string | undefined, origin: string): Facts {
  let facts: Partial<Facts>;
  try {
    facts = JSON.parse(text ?? '');
  } catch {
    throw unusable(origin, 'its facts are not JSON');
  }
  const { modelDigest, latentSize, featureSize, projectedSize, depths, training } = facts;
  const sizes = [latentSize, featureSize, projectedSize];
  if (typeof modelDigest !== 'string' || !sizes.every((size) => Number.isInteger(size)) || !Array.isArray(depths)) {
    throw unusable(origin, 'its facts are incomplete');
  }
  return { modelDigest, latentSize, featureSize, projectedSize, depths, training: training ?? {} } as Facts;
}

function arraysOf(checkpoint: Checkpoint): [string, NamedArray][] {
  const { latentSize: d, featureSize: f, projectedSize: k, meanHead, logVarianceHead, adapter } = checkpoint;
  return [
    ['projection.reply.weight', { shape: [k, f], data: checkpoint.replyProjection }],
    ['projection.reply.bias', { shape: [k], data: checkpoint.replyOffset }],
    ['projection.prompt.weight', { shape: [k, f], data: checkpoint.promptProjection }],
    ['projection.prompt.bias', { shape: [k], data: checkpoint.promptOffset }],
    ['posterior.mean.weight', { shape: [d, k], data: meanHead.weight }],
    ['posterior.mean.bias', { shape: [d], data: meanHead.bias }],
    ['posterior.log_variance.weight', { shape: [d, k], data: logVarianceHead.weight }],
    ['posterior.log_variance.bias', { shape: [d], data: logVarianceHead.bias }],
    ['adapter.w1', adapter.w1],
    ['adapter.b1', adapter.b1],
    ['adapter.w2', adapter.w2],
    ['adapter.b2', adapter.b2],
  ];
}

/** The shape each array must have, given the sizes; layers, m and h are read off the adapter's first and last arrays. */
function shapesOf({ latentSize: d, featureSize: f, projectedSize: k, adapter }: Checkpoint): Record<string, number[]> {
  const [layers, , middle] = adapter.w1.shape;
  const width = adapter.b2.shape[1];
  return {
    'projection.reply.weight': [k, f],
    'projection.reply.bias': [k],
    'projection.prompt.weight': [k, f],
    'projection.prompt.bias': [k],
    'posterior.mean.weight': [d, k],
    'posterior.mean.bias': [d],
    'posterior.log_variance.weight': [d, k],
    'posterior.log_variance.bias': [d],
    'adapter.w1': [layers, d, middle],
    'adapter.b1': [layers, middle],
    'adapter.w2': [layers, middle, width],
    'adapter.b2': [layers, width],
  };
}

function requireShape(name: string, { shape, data }: NamedArray, expected: readonly number[]): void {
  const count = expected.reduce((product, size) => product * size, 1);
  if (!sameShape(shape, expected) || data.length !== count) {
    throw new PalateError(
      'INTERNAL',
      `Checkpoint array ${name} is [${shape}] with ${data.length} numbers, not [${expected}]`,
    );
  }
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function unusable(origin: string, what: string): PalateError {
  return new PalateError(
    'MODEL_UNAVAILABLE',
    `The checkpoint ${origin} cannot be used: ${what}. Restore the file, or train one anew with \`palate pretrain\`.`,
  );
}
