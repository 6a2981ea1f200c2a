/** One compiled graph, run with plain arrays. onnxruntime-node computes synchronously inside: only worker threads open sessions. */
import { InferenceSession, Tensor } from 'onnxruntime-node';

export type TensorData = Float32Array | BigInt64Array | Uint8Array;

/** A tensor's data with its sizes; the data is read in place, never copied. */
export interface Feed {
  data: TensorData;
  dims: number[];
}

/** Whatever runs a graph: a session in this thread, or one in another. */
export interface GraphRunner {
  /** @returns float32 outputs by name; all of them unless `fetches` names some */
  run(feeds: Record<string, Feed>, fetches?: string[]): Promise<Record<string, Float32Array>>;
}

export class Session implements GraphRunner {
  private constructor(private readonly session: InferenceSession) {}

  /** @param path an ONNX file; its external data lies beside it */
  static async open(path: string, threads: number): Promise<Session> {
    const session = await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Between two runs nothing spins: the cores are for whoever waits for what the last one computed.
      extra: { session: { force_spinning_stop: '1' } },
    });
    return new Session(session);
  }

  async run(feeds: Record<string, Feed>, fetches?: string[]): Promise<Record<string, Float32Array>> {
    const tensors: Record<string, Tensor> = {};
    for (const name of this.session.inputNames) {
      const feed = feeds[name];
      if (feed) tensors[name] = tensorOf(feed);
    }
    const results = await (fetches ? this.session.run(tensors, fetches) : this.session.run(tensors));
    const out: Record<string, Float32Array> = {};
    for (const name of Object.keys(results)) out[name] = results[name].data as Float32Array;
    return out;
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}

function tensorOf({ data, dims }: Feed): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, dims);
  if (data instanceof BigInt64Array) return new Tensor('int64', data, dims);
  return new Tensor('uint8', data, dims);
}

/** int64 data of whole numbers. */
export function int64(values: Iterable<number>): BigInt64Array {
  return BigInt64Array.from(values as Iterable<number>, (value: number) => BigInt(value)) as BigInt64Array;
}
