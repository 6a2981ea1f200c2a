/** The language models this service knows. */

import type { LanguageModel } from '../contract/generated/types.js';
import { DEFAULT_MODEL } from '../language-model/catalogue.js';
import type { LanguageModelRuntime } from '../runtime/types.js';
import type { ModelService } from './services.js';

export interface ModelParts {
  runtime: Pick<LanguageModelRuntime, 'status'>;
  checkpointDigest: string | null;
}

const CATALOGUE = [DEFAULT_MODEL];

export function modelService({ runtime, checkpointDigest }: ModelParts): ModelService {
  return {
    list() {
      const { model: name, modelDigest } = runtime.status();
      const known = CATALOGUE.map(
        (model): LanguageModel => ({
          name: model.name,
          digest: model.digest,
          bytes: model.bytes,
          licence: model.licence,
          serving: false,
          checkpointDigest: null,
        }),
      );
      const unknown = { name, digest: modelDigest, bytes: null, licence: null };
      const serving = known.find(({ digest }) => digest === modelDigest) ?? unknown;
      return [{ ...serving, serving: true, checkpointDigest }, ...known.filter(({ digest }) => digest !== modelDigest)];
    },
  };
}
