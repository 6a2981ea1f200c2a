/** A first start that is killed by its test: the store's, or (`bare`) the embedded database's own in the very place. */
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createLog } from '../../src/common/log.js';
import { openStore } from '../../src/store/store.js';

const [folder, kind] = process.argv.slice(2);
if (kind === 'bare') await new PGlite(join(folder, 'database')).waitReady;
else await openStore({ data: folder }, createLog('error'));
process.stdout.write('open\n');
setInterval(() => undefined, 1_000);
