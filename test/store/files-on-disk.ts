/** What lies on disk, for tests of what must not. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file below the folder. One that the database removes meanwhile is left out: nothing is in it any more. */
export async function* filesOnDisk(folder: string): AsyncGenerator<{ path: string; bytes: Buffer }> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (bytes) yield { path, bytes };
  }
}
