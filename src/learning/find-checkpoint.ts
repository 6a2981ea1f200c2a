/** Chooses the checkpoint that was trained for a language model. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Settings } from '../common/config.js';
import { messageOf, PalateError } from '../common/errors.js';
import { checkpointFolders } from '../common/installation.js';
import type { Log } from '../common/log.js';
import type { LanguageModelFile } from '../language-model/model.js';
import { type LoadedCheckpoint, readCheckpoint } from './checkpoint.js';

/** What a search came across: the checkpoint, and files that could not be used. */
export interface CheckpointSearch {
  checkpoint: LoadedCheckpoint | null;
  /** One sentence a file that looked like a checkpoint and is none. */
  unusable: string[];
}

/**
 * The first checkpoint for a model in the folders, in their order and by name; folders that do not exist count as empty.
 * @param modelDigest SHA-256 of the model file, hex
 */
export async function findCheckpoint(folders: readonly string[], modelDigest: string): Promise<CheckpointSearch> {
  const unusable: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names.filter((entry) => entry.endsWith('.safetensors')).sort()) {
      try {
        const checkpoint = await readCheckpoint(join(folder, name));
        if (checkpoint.modelDigest === modelDigest) return { checkpoint, unusable };
      } catch (error) {
        unusable.push(messageOf(error));
      }
    }
  }
  return { checkpoint: null, unusable };
}

/**
 * The checkpoint at a path that somebody chose.
 * @throws PalateError MODEL_UNAVAILABLE when it cannot be read, BAD_USER_INPUT when it is for another model
 */
export async function requireCheckpoint(path: string, modelDigest: string): Promise<LoadedCheckpoint> {
  const checkpoint = await readCheckpoint(path);
  if (checkpoint.modelDigest === modelDigest) return checkpoint;
  throw new PalateError(
    'BAD_USER_INPUT',
    `The checkpoint ${path} was trained for the model with SHA-256 ${checkpoint.modelDigest}, and the one to serve has ${modelDigest}. Serve its model (--model or PALATE_MODEL names it), or leave the checkpoint out.`,
  );
}

/** The checkpoint for the model: the one that was set, else one of the data folder, else one that comes with the product. */
export async function chooseCheckpoint(
  settings: Pick<Settings, 'checkpoint' | 'data'>,
  model: LanguageModelFile,
  log: Log,
): Promise<LoadedCheckpoint | null> {
  const { checkpoint, unusable } = settings.checkpoint
    ? { checkpoint: await requireCheckpoint(settings.checkpoint, model.digest), unusable: [] }
    : await findCheckpoint(checkpointFolders(settings.data), model.digest);
  for (const message of unusable) log.warn(message);
  if (checkpoint) log.info({ model: model.config.name, checkpoint: checkpoint.digest }, 'Replies are personalised');
  else {
    log.warn(
      { model: model.config.name, modelDigest: model.digest },
      'There is no checkpoint for this model: replies are the same for everybody. "palate pretrain" makes one.',
    );
  }
  return checkpoint;
}
