// Performs docker/Dockerfile in empty folders, where there may be no Docker, and runs the service from the last one as the image would:
// by its own ENV, ENTRYPOINT and CMD, as its user, in a folder where nothing can be written, until its HEALTHCHECK is content.
// What this cannot show is the base images: their Node, npm and Python are those of this machine. npm run check:image
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DockerfileParser } from 'dockerfile-ast';
import { runService } from './service.mjs';

const context = fileURLToPath(new URL('..', import.meta.url));
const isRoot = process.getuid?.() === 0;
/** What stages take out of their base images. */
const OF_BASES = { '/usr/local/bin/node': process.execPath };

/** Where the tests keep the default model. */
const MODELS = join(context, '.cache/models');

/** Those of .dockerignore, once they are read. */
let rules;

const folder = mkdtempSync(join(tmpdir(), 'palate-image-'));
// The image's user has to get through it.
chmodSync(folder, 0o755);
let image;
try {
  image = perform(DockerfileParser.parse(readFileSync(join(context, 'docker/Dockerfile'), 'utf8')));
  const size = megabytes(image.root);
  await start(image);
  console.log(`The image's steps work, and the service runs from what they leave (${size} MB without its base).`);
} finally {
  if (image) execFileSync('chmod', ['-R', 'u+w', image.root]);
  rmSync(folder, { recursive: true, force: true });
}

/** Every stage in order. @returns the last one */
function perform(dockerfile) {
  const stages = [];
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword();
    const stage = stages.at(-1);
    const text = instruction.getArgumentsContent() ?? '';
    if (keyword === 'FROM') {
      const root = join(folder, String(stages.length));
      mkdirSync(root);
      stages.push({ name: instruction.getBuildStage(), root, directory: '/', env: {}, user: 0 });
    } else if (keyword === 'WORKDIR') {
      stage.directory = text;
      mkdirSync(inside(stage, text), { recursive: true });
    } else if (keyword === 'ENV') {
      for (const property of instruction.getProperties()) stage.env[property.getName()] = property.getValue();
    } else if (keyword === 'COPY') copy(stage, instruction, stages);
    else if (keyword === 'RUN') run(stage, text);
    else if (keyword === 'USER') [stage.user, stage.group] = text.split(':').map(Number);
    else if (keyword === 'HEALTHCHECK') stage.health = JSON.parse(text.slice(text.indexOf('[')));
    else if (keyword === 'ENTRYPOINT') stage.entrypoint = JSON.parse(text);
    else if (keyword === 'CMD') stage.command = JSON.parse(text);
    else if (!['ARG', 'VOLUME', 'EXPOSE'].includes(keyword)) throw new Error(`${keyword} is not known here. Teach this check.`);
  }
  return stages.at(-1);
}

/** A path of the image, on this machine. */
function inside({ root, directory }, path) {
  return path.startsWith('/') ? join(root, path) : join(root, directory, path);
}

function copy(stage, instruction, stages) {
  const flags = Object.fromEntries(instruction.getFlags().map((flag) => [flag.getName(), flag.getValue()]));
  const paths = instruction.getArguments().map((argument) => argument.getValue());
  const to = paths.pop();
  const target = inside(stage, to);
  const from = stages.find(({ name }) => name === flags.from);
  if (flags.from && !from) throw new Error(`COPY --from=${flags.from} comes before such a stage.`);
  for (const path of paths) {
    const source = from ? inside({ root: from.root, directory: '/' }, path) : join(context, path);
    if (from && path in OF_BASES) {
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(OF_BASES[path], target);
    } else if (statSync(source).isDirectory()) {
      const filter = from ? undefined : (file) => !isIgnored(relative(context, file));
      // The packages are many files; between stages a link does.
      if (from) execFileSync('sh', ['-c', 'mkdir -p "$2" && cp -al "$1/." "$2"', 'sh', source, target]);
      else cpSync(source, target, { recursive: true, filter });
    } else {
      if (!from && isIgnored(path)) throw new Error(`.dockerignore leaves ${path} out.`);
      cpSync(source, to.endsWith('/') ? join(target, basename(path)) : target);
    }
  }
  if (flags.chown && isRoot) chownSync(target, ...flags.chown.split(':').map(Number));
}

/** The rules of .dockerignore: of those that fit a path or what it lies in, the last one counts. */
function isIgnored(path) {
  rules ??= readFileSync(join(context, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ ignores: !line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return path !== '' && (rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false);
}

/** A rule as Docker reads it. */
function patternOf(text) {
  const escaped = text.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('**', '.+').replaceAll(/(?<!\.)\*/g, '[^/]*');
  return new RegExp(`^${escaped}(/.*)?$`);
}

function run(stage, text) {
  if (/(^|[\s=])\/\w/.test(text)) throw new Error(`RUN names a path from the image's root, which would be this machine's: ${text}`);
  const began = performance.now();
  // A whole installation is what this checkout has; to make it once more would take as long as all the rest.
  if (/^npm ci(?!.* --omit)/.test(text)) {
    execFileSync('cp', ['-al', join(context, 'node_modules'), inside(stage, 'node_modules')]);
    return;
  }
  const [, models] = /docker\/fetch-model\.mjs (\S+)/.exec(text) ?? [];
  // The tests have fetched it by the same code: what is there already is looked at, and not fetched.
  if (models && existsSync(MODELS)) cpSync(MODELS, join(inside(stage, models), 'models'), { recursive: true, dereference: true });
  const { status } = spawnSync('/bin/sh', ['-ec', text], {
    cwd: inside(stage, '.'),
    env: { ...process.env, npm_config_prefer_offline: 'true', npm_config_loglevel: 'error', ...environmentOf(stage) },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`RUN ended with status ${status}: ${text}`);
  console.log(`${text} took ${Math.round((performance.now() - began) / 1_000)} s`);
}

/** Its variables, with its paths. */
function environmentOf(stage) {
  return Object.fromEntries(
    Object.entries(stage.env).map(([name, value]) => [name, value.startsWith('/') ? inside(stage, value) : value]),
  );
}

async function start(stage) {
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  execFileSync('chmod', ['-R', 'a-w', stage.root]);
  const data = inside(stage, '/data');
  chmodSync(data, 0o700);
  if (isRoot) chownSync(temporary, stage.user, stage.group);
  const options = {
    cwd: inside(stage, '.'),
    env: { PATH: process.env.PATH, TMPDIR: temporary, ...environmentOf(stage) },
    ...(isRoot && { uid: stage.user, gid: stage.group }),
  };
  if (stage.user === 0) throw new Error('The image runs as root.');
  const health = (env) => spawnSync(stage.health[0], stage.health.slice(1), { ...options, env }).status;
  await runService([...stage.entrypoint, ...stage.command], options, {
    whileStarting: (env) => {
      if (health(env) === 0) throw new Error('HEALTHCHECK is content with a service that has not started.');
    },
    whenReady: (env) => {
      if (health(env) !== 0) throw new Error('HEALTHCHECK is not content with a service that is ready.');
    },
  });
  if (!existsSync(join(data, 'database'))) throw new Error('The database is not in the volume.');
}

function megabytes(root) {
  return Math.round(Number(execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t')[0]) / 1_024);
}
