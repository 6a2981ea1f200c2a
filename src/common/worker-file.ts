/** Where a thread's own code lies. */
import { extname } from 'node:path';

/** A file beside the one that starts it, with that one's own extension: TypeScript from sources, JavaScript when built. */
export function workerFile(name: string, starter: string): URL {
  return new URL(`./${name}${extname(starter)}`, starter);
}
