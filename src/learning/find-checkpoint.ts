/** Chooses the checkpoint that was trained for a language model. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PalateError } from '../common/errors.js';
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
    `The checkpoint ${path} was trained for the model with SHA-256 ${checkpoint.modelDigest}, and the one to serve has ${modelDigest}. Set PALATE_MODEL to its model, or leave the checkpoint out.`,
  );
}
