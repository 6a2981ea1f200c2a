/** A tiny random model in float32 with an adapter, opened in this thread, beside the plain decoder that knows its answers. */
import { join } from 'node:path';
import { Random } from '../../src/common/random.js';
import { openGguf } from '../../src/language-model/gguf.js';
import { featureDepths } from '../../src/language-model/graphs/serving.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import type { AdapterWeights } from '../../src/runtime/messages.js';
import { type CompiledModel, compileAdapter, compileModel } from '../../src/runtime/model-files.js';
import { ServingModel, type ServingSessions } from '../../src/runtime/serving-model.js';
import { Session } from '../../src/runtime/session.js';
import { writeTinyModel } from '../language-model/gguf-writer.js';
import { PlainDecoder } from '../language-model/plain-decoder.js';
import { randomAdapter } from '../support/adapter.js';
import { argmax } from '../support/decoder-session.js';

export const LATENT_SIZE = 4;

/** What the plain decoder is asked to decode greedily. */
export interface PlainRequest {
  promptIds: readonly number[];
  latent: ArrayLike<number> | null;
  maxTokens: number;
  stopTokens?: readonly number[];
}

export class TinyModel {
  private constructor(
    readonly file: LanguageModelFile,
    readonly adapter: AdapterWeights,
    readonly model: ServingModel,
    /** Files of the serving graphs. */
    readonly graphs: CompiledModel,
    readonly sessions: ServingSessions,
    private readonly opened: Session[],
    private readonly fresh: () => PlainDecoder,
  ) {}

  static async open(folder: string, contextLength = 512): Promise<TinyModel> {
    const path = join(folder, 'tiny.gguf');
    const metadata = { 'llama.context_length': contextLength };
    const shape = { hidden: 64, heads: 4, kvHeads: 2, layers: 4, feedForward: 96 };
    const { weights } = await writeTinyModel(path, { seed: 11, format: 'F32', tied: false, metadata, ...shape });
    const file = await openGguf(path);
    const adapter = randomAdapter(file.config, LATENT_SIZE, 5);
    const compiled = await compileModel(file, folder, 'float32');
    const paths = [compiled.decode, compiled.read, compiled.score, await compileAdapter(file, folder, adapter)];
    const opened = await Promise.all(paths.map((graph) => Session.open(graph, 1)));
    const [decode, read, score, prefix] = opened;
    const sessions: ServingSessions = {
      decode,
      read,
      score: async () => score,
      adapter: { session: prefix, latentSize: LATENT_SIZE },
    };
    const model = new ServingModel(file.config, sessions);
    return new TinyModel(
      file,
      adapter,
      model,
      compiled,
      sessions,
      opened,
      () => new PlainDecoder(file.config, weights),
    );
  }

  async close(): Promise<void> {
    for (const session of this.opened) await session.close();
  }

  /** Random tokens. */
  text(seed: string, length: number): number[] {
    const random = new Random(seed);
    return Array.from({ length }, () => random.integer(this.file.config.vocabulary));
  }

  latent(seed: string): Float32Array {
    return new Random(seed).normals(LATENT_SIZE);
  }

  /** The plain decoder behind these tokens. */
  plain(ids: readonly number[]): PlainDecoder {
    const plain = this.fresh();
    for (const id of ids) plain.read(id);
    return plain;
  }

  /** The reply that the plain decoder writes, its prefix just before the prompt's last token. */
  greedy({ promptIds, latent, maxTokens, stopTokens = [] }: PlainRequest): number[] {
    const plain = this.plain(promptIds.slice(0, -1));
    if (latent) plain.addPrefix(this.adapter, latent);
    const tokens: number[] = [];
    let next = promptIds[promptIds.length - 1];
    while (tokens.length < maxTokens && !stopTokens.includes(next)) {
      next = argmax(plain.read(next).logits);
      tokens.push(next);
    }
    return tokens;
  }

  /** Features of `ids` read behind `before`: each depth's hidden states over their root mean square, averaged. */
  features(before: readonly number[], ids: readonly number[]): Float64Array {
    const { layers, hidden } = this.file.config;
    const depths = featureDepths(layers);
    const plain = this.plain(before);
    const out = new Float64Array(depths.length * hidden);
    for (const id of ids) {
      const states = plain.read(id).hidden;
      depths.forEach((depth, d) => {
        const square = states[depth].reduce((sum, value) => sum + value * value, 0) / hidden;
        for (let i = 0; i < hidden; i++) {
          out[d * hidden + i] += states[depth][i] / Math.sqrt(square + 1e-6) / ids.length;
        }
      });
    }
    return out;
  }
}
