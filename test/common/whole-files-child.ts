/** Writes for ever, until its test kills it: a file anew, a file that is made once, and folders. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWhole, makeFolderOnce, writeWhole } from '../../src/common/whole-files.js';

const [folder] = process.argv.slice(2);
const long = (round: number) => String(round).repeat(100_000);
process.stdout.write('begun\n');
for (let round = 1; ; round++) {
  await writeWhole(join(folder, 'replaced'), `${long(round)}end`);
  await createWhole(join(folder, 'once'), `${long(round)}end`);
  await makeFolderOnce(join(folder, 'tree'), async (draft) => {
    for (const name of ['a', 'b', 'c']) await writeFile(join(draft, name), `${long(round)}end`);
  });
  await rm(join(folder, 'once'));
  await rm(join(folder, 'tree'), { recursive: true });
}
