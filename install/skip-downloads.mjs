// Runs before the install steps of what Palate depends on. That of onnxruntime-node downloads a provider for graphics cards, hundreds of
// megabytes that Palate does not use, and fails where only a package registry can be reached. It leaves files alone that are there: so
// they are, empty. Nothing loads them, because every session is opened for the processor alone.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const platform = `${process.platform}/${process.arch}`;

try {
  const folder = dirname(require.resolve('onnxruntime-node/package.json'));
  const { requirements, manifests } = require('onnxruntime-node/script/install-metadata.js');
  for (const name of requirements[platform] ?? []) {
    for (const file of Object.keys(manifests[`${platform}:${name}`] ?? {})) {
      const path = join(folder, 'bin/napi-v6', platform, file);
      if (!existsSync(path)) writeFileSync(path, '');
    }
  }
} catch {
  // Another layout than the one known here: its own install step decides.
}
