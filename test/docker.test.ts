/** The files in docker/, as far as they can be read. `npm run check:image` performs them. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Copy, DockerfileParser, type Env, type From, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema as discord } from '../bots/discord/config.js';
import { configSchema as slack } from '../bots/slack/config.js';
import { pluginVariable, VARIABLES } from '../src/common/config.js';
import { DEFAULT_MODEL } from '../src/language-model/catalogue.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const text = read('docker/Dockerfile');
const dockerfile = DockerfileParser.parse(text);
const all = (keyword: string) => dockerfile.getInstructions().filter((one) => one.getKeyword() === keyword);
const contentOf = (instruction: Instruction) => instruction.getArgumentsContent() ?? '';
/** The stage that it copies from; the parser's own way tells only of one that has no other flag. */
const fromOf = (copy: Copy) =>
  copy
    .getFlags()
    .find((flag) => flag.getName() === 'from')
    ?.getValue();
const lastStage = (keyword: string) => {
  const from = all('FROM').at(-1)?.getRange().start.line ?? 0;
  return all(keyword).filter((one) => one.getRange().start.line > from);
};

const KNOWN = new Set([
  ...Object.values(VARIABLES),
  ...Object.entries({ discord, slack }).flatMap(([plugin, { shape }]) =>
    Object.keys(shape).map((field) => pluginVariable(plugin, field)),
  ),
]);

describe('docker/Dockerfile', () => {
  it('has nothing that the linter finds fault with', () => {
    expect(validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  it('names every base by a version, and Node by one that is supported', () => {
    const given = Object.fromEntries(all('ARG').map((one) => contentOf(one).split('=')));
    const stages = new Set<string>();
    for (const from of all('FROM') as From[]) {
      const image = (from.getImage() ?? '').replaceAll(/\$\{(\w+)\}/g, (_, name) => given[name]);
      expect(image).toMatch(/^(node:\d+\.\d+\.\d+|python:\d+\.\d+)-[\w-]+$/);
      stages.add(from.getBuildStage() ?? '');
    }
    expect(Number(given.NODE.split('.')[0])).toBeGreaterThanOrEqual(24);
    for (const copy of all('COPY') as Copy[]) {
      const from = fromOf(copy);
      if (from) expect([...stages]).toContain(from);
    }
  });

  it('runs as nobody special, by commands without a shell, and says how it is', () => {
    expect(lastStage('USER').map(contentOf)).toEqual(['1000:1000']);
    expect(lastStage('HEALTHCHECK')).toHaveLength(1);
    for (const keyword of ['ENTRYPOINT', 'CMD'])
      expect(JSON.parse(contentOf(lastStage(keyword)[0]))).toBeInstanceOf(Array);
    expect(lastStage('RUN')).toEqual([]);
    expect(all('ADD')).toEqual([]);
  });

  it('takes in no whole checkout, no secrets, and nothing that .dockerignore leaves out', () => {
    const kept = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    for (const copy of all('COPY') as Copy[]) {
      if (fromOf(copy)) continue;
      for (const path of copy
        .getArguments()
        .slice(0, -1)
        .map((argument) => argument.getValue())) {
        expect(kept).toContain(path.split('/')[0]);
        expect(existsSync(join(ROOT, path)), path).toBe(true);
      }
    }
    expect(read('.dockerignore')).toMatch(/^\*$/m);
    expect(text).not.toMatch(/KEY|TOKEN|SECRET|PASSWORD/);
  });

  it('sets variables that there are, and the default model by its file', () => {
    const set = (lastStage('ENV') as Env[]).flatMap((env) => env.getProperties());
    for (const property of set) if (property.getName() !== 'NODE_ENV') expect(KNOWN).toContain(property.getName());
    const model = set.find((property) => property.getName() === VARIABLES.model)?.getValue();
    expect(basename(model ?? '')).toBe(DEFAULT_MODEL.file);
  });
});

describe('docker/palate.env.example', () => {
  it('names only what the code reads, and sets nothing by itself', () => {
    const lines = read('docker/palate.env.example')
      .split('\n')
      .filter((line) => /^#?[A-Z_]+=/.test(line));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(KNOWN).toContain(/^#([A-Z_]+)=/.exec(line)?.[1]);
  });
});

describe('docker/compose.yaml', () => {
  const { services, volumes } = parse(read('docker/compose.yaml'));
  const { palate } = services;

  it('builds what the Dockerfile says, and keeps its data in a named volume', () => {
    expect(existsSync(join(ROOT, 'docker', palate.build.context, palate.build.dockerfile))).toBe(true);
    const [volume, path] = palate.volumes[0].split(':');
    expect(volumes).toHaveProperty(volume);
    expect(lastStage('VOLUME').flatMap((one) => JSON.parse(contentOf(one)))).toEqual([path]);
    expect(read('.dockerignore')).toContain(`docker/${palate.env_file[0].path}`);
  });

  it('lets it write nowhere else, gain nothing, and be reached from this machine alone', () => {
    expect(palate).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(palate.ports).toEqual([`127.0.0.1:4000:${contentOf(lastStage('EXPOSE')[0])}`]);
  });
});
