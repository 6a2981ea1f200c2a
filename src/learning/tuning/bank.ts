/**
 * A bank of replies that were written once for a checkpoint's model, to the prompts of the tuning round: `<model>.tuning.json` beside the
 * checkpoint. With what is stored of any reply, so that a question out of it is stored without the model.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Settings } from '../../common/config.js';
import { messageOf, PalateError } from '../../common/errors.js';
import { allFinite } from '../../common/finite.js';
import { fromHalf } from '../../common/half.js';
import { checkpointFolders } from '../../common/installation.js';
import type { Log } from '../../common/log.js';
import type { Checkpoint, LoadedCheckpoint } from '../checkpoint.js';
import { type Posterior, posteriorOf } from '../posterior.js';

/** Raised when fields change their meaning; a file of another version is refused. */
const BANK_VERSION = 1;
const FORMAT = 'palate-tuning';
const SUFFIX = '.tuning.json';

export interface BankReply {
  readonly text: string;
  /** Token ids under the bank's model, with the stop token where the reply ended by itself. */
  readonly tokens: readonly number[];
  /** LENGTH: cut behind a sentence. */
  readonly finishReason: 'STOP' | 'LENGTH';
  /** The projected features as half floats, as they are stored with a candidate. */
  readonly features: Uint8Array;
}

export interface BankQuestion {
  readonly prompt: string;
  /** As they are stored with a generation. */
  readonly features: Uint8Array;
  readonly replies: readonly BankReply[];
}

export interface TuningBank {
  /** SHA-256 of the language model's file, hex. */
  readonly modelDigest: string;
  /** SHA-256 of the checkpoint's file, hex: the features are its own. */
  readonly checkpointDigest: string;
  readonly questions: readonly BankQuestion[];
}

/** Where the bank of the checkpoint at this path lies. */
export function bankPath(checkpointPath: string, folder = dirname(checkpointPath)): string {
  return join(folder, basename(checkpointPath).replace(/(\.clap)?\.safetensors$/, '') + SUFFIX);
}

/** The posteriors of each question's replies. */
export function bankPosteriors(checkpoint: Checkpoint, { questions }: TuningBank): Posterior[][] {
  return questions.map(({ features, replies }) => {
    const prompt = fromHalf(features);
    return replies.map((reply) => posteriorOf(checkpoint, fromHalf(reply.features), prompt));
  });
}

/** The file's text; one reply a line, and the same bank gives the same text. */
export function encodeBank({ modelDigest, checkpointDigest, questions }: TuningBank): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const lines = questions.map(({ prompt, features, replies }) => {
    const rows = replies.map((reply) => JSON.stringify({ ...reply, features: base64(reply.features) }));
    const head = JSON.stringify({ prompt, features: base64(features) }).slice(0, -1);
    return `${head},"replies":[\n${rows.join(',\n')}]}`;
  });
  const facts = JSON.stringify({ format: FORMAT, version: BANK_VERSION, modelDigest, checkpointDigest });
  return `${facts.slice(0, -1)},"questions":[\n${lines.join(',\n')}]}\n`;
}

/**
 * The inverse of `encodeBank`; `origin` names the file in messages.
 * @param projectedSize numbers in a projected vector
 * @throws PalateError MODEL_UNAVAILABLE for what is no bank, or not whole
 */
export function decodeBank(text: string, origin: string, projectedSize: number): TuningBank {
  const unusable = (why: string) => new PalateError('MODEL_UNAVAILABLE', `The tuning bank ${origin}: ${why}.`);
  const stored = parsed(text);
  if (stored?.format !== FORMAT) throw unusable('it is none of Palate');
  if (stored.version !== BANK_VERSION) {
    throw unusable(`it has version ${stored.version}, this version of Palate reads ${BANK_VERSION}`);
  }
  const features = (base64: string) => {
    const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
    if (bytes.length !== 2 * projectedSize || !allFinite(fromHalf(bytes))) throw unusable('its features are damaged');
    return bytes;
  };
  try {
    const { modelDigest, checkpointDigest, questions } = stored;
    return {
      modelDigest,
      checkpointDigest,
      questions: questions.map((question) => ({
        ...question,
        features: features(question.features),
        replies: question.replies.map((reply) => ({ ...reply, features: features(reply.features) })),
      })),
    };
  } catch (error) {
    throw error instanceof PalateError ? error : unusable('a part of it is missing');
  }
}

/**
 * The bank of the checkpoint: beside it where its path was set, else in the folders where checkpoints are looked for. Null where there is
 * none, and for one that cannot be used, which is logged.
 */
export async function findBank(
  { checkpoint: path, data }: Pick<Settings, 'checkpoint' | 'data'>,
  { modelDigest, digest, projectedSize }: LoadedCheckpoint,
  log: Log,
): Promise<TuningBank | null> {
  const folders = [...(path ? [dirname(path)] : []), ...checkpointFolders(data)];
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names.filter((entry) => entry.endsWith(SUFFIX)).sort()) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '');
      const of = parsed(text);
      if (of?.modelDigest !== modelDigest || of.checkpointDigest !== digest) continue;
      try {
        return decodeBank(text, name, projectedSize);
      } catch (error) {
        log.warn(messageOf(error));
      }
    }
  }
  log.info('There is no tuning bank for this checkpoint: tuning rounds wait for replies to be written');
  return null;
}

/** As it is written: features in base64. */
type Stored = Omit<TuningBank, 'questions'> & { format: string; version: number; questions: StoredQuestion[] };
type StoredReply = Omit<BankReply, 'features'> & { features: string };
type StoredQuestion = Omit<BankQuestion, 'features' | 'replies'> & { features: string; replies: StoredReply[] };

function parsed(text: string): Stored | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
