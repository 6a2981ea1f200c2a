/** That an installation is quiet and whole: what npm would complain about, and what the packed product has to bring along. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Locked {
  version: string;
  engines?: { node?: string };
  hasInstallScript?: boolean;
  cpu?: string[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const semver = createRequire(import.meta.url)('semver') as { subset(range: string, of: string): boolean };
const manifest = read('package.json') as {
  engines: { node: string };
  dependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};
const locked = Object.entries((read('package-lock.json') as { packages: Record<string, Locked> }).packages).filter(
  ([path]) => path !== '',
);
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

describe('npm', () => {
  it('finds no package that wants another Node than those that Palate runs on', () => {
    const unfit = locked
      // Programs for WebAssembly are installed on no machine that has a Node of its own.
      .filter(([path, { cpu }]) => !cpu?.includes('wasm32') && nameOf(path) !== '@napi-rs/wasm-runtime')
      .filter(([, { engines }]) => engines?.node && !semver.subset(manifest.engines.node, engines.node))
      .map(([path, { version, engines }]) => `${path}@${version} wants ${engines?.node}`);
    expect(unfit).toEqual([]);
  });

  it('is not told to run the step of onnxruntime-node that downloads a provider for graphics cards', () => {
    // npm takes the lock's word for whether there is a step to run. Where an update of the lock has brought it back, remove it again.
    const [, runtime] = locked.find(([path]) => path === 'node_modules/onnxruntime-node') ?? [];
    expect(runtime?.hasInstallScript).toBeUndefined();
    expect(manifest.allowScripts['onnxruntime-node']).toBe(false);
  });

  it('knows of every install step whether it may run', () => {
    const steps = locked.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
    expect(steps.filter((name) => name !== 'fsevents' && !(name in manifest.allowScripts))).toEqual([]);
  });

  it('reads no settings of the project that it may not know', () => {
    expect(existsSync(join(ROOT, '.npmrc'))).toBe(false);
  });
});

describe('the packed product', () => {
  // Two seconds on a quiet machine; npm is a program of its own.
  const TIME = 120_000;

  it('brings what it needs to start, and no sources', { timeout: TIME }, () => {
    const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    const migrations = readdirSync(join(ROOT, 'prisma/migrations')).filter((name) => !name.includes('.'));
    for (const path of [
      'dist/src/cli/main.js',
      'dist/src/store/generated/client.js',
      'dist/bots/discord/plugin.js',
      'dist/bots/slack/plugin.js',
      'dist/bots/slack/manifest.json',
      'dist/console/index.html',
      'dist/explorer/index.html',
      'install/skip-downloads.mjs',
      'models/smollm2-135m-instruct.clap.safetensors',
      'models/smollm2-135m-instruct.tuning.json',
      'schema.graphql',
      'dist/schema.graphql',
      ...migrations.map((name) => `prisma/migrations/${name}/migration.sql`),
    ])
      expect(paths).toContain(path);
    expect(paths.filter((path) => /^(src|test|bench)\//.test(path))).toEqual([]);
  });

  it('imports nothing at run time that only a checkout installs', () => {
    const imported = new Set(
      ['src', 'bots'].flatMap((folder) =>
        readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
          .filter(
            (name) => /\.ts$/.test(name) && !(folder === 'src' && /^(console|gateway\/pages\/explorer)\//.test(name)),
          )
          .flatMap((name) => packagesIn(readFileSync(join(ROOT, folder, name), 'utf8'))),
      ),
    );
    expect(imported.size).toBeGreaterThan(10);
    expect([...imported].filter((name) => !(name in manifest.dependencies)).sort()).toEqual([]);
  });
});

/** Packages that a source file imports by value. */
function packagesIn(source: string): string[] {
  return [
    ...source.matchAll(
      /^(?:import|export) (?!type )[^;]*?from '([^'.][^']*)'|^import '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
    ),
  ]
    .map(([, ...names]) => names.find((name) => name !== undefined) ?? '')
    .filter((name) => !isBuiltin(name))
    .map((name) => name.split('/', name.startsWith('@') ? 2 : 1).join('/'));
}
