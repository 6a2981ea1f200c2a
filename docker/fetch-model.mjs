// Fetches the default model into a folder, as a first start would, so that the image brings it along.
import { ensureModel } from '../dist/src/language-model/fetch.js';

console.log(await ensureModel(undefined, process.argv[2], () => {}));
