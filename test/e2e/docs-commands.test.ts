/**
 * The commands in README.md and docs/, run as they stand there, in one folder and against one service. Whatever is not run is listed
 * with its reason, and is still checked for names: of variables, of npm's scripts, of commands and their options.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configSchema as discord } from '../../bots/discord/config.js';
import { configSchema as slack } from '../../bots/slack/config.js';
import { pluginVariable, VARIABLES } from '../../src/common/config.js';
import { MAIN, ROOT } from '../support/compiled.mjs';
import { freePort } from '../support/free-port.js';
import { defaultModelPath } from '../support/model.js';

const PALATE = `${process.execPath} ${MAIN}`;

/** Blocks that are not run, by how they begin. */
const NOT_RUN: readonly [begins: string, reason: string][] = [
  ['npm ci\nnpm start', 'the installation that these tests run in, and the service that they start below'],
  ['npm cit', 'the tests themselves, and benchmarks that take minutes'],
  ['npm pack', '`npm run check:packed` packs, installs and starts'],
  ['PALATE_PLUGIN_DISCORD_TOKEN=', 'needs a token of Discord; the bot is tested against a local one'],
  ['PALATE_PLUGIN_SLACK_', 'needs tokens of Slack; the bot is tested against a local one'],
  ['PALATE_PLUGINS=example', 'a second service; the example is tested as a plugin'],
  ["curl -H 'Authorization: Bearer open-sesame'", 'talks to the example, which is not started here'],
  ['KEY=$(cat .palate/admin-key) node examples/', 'test/examples.test.ts runs the examples'],
  ['npm ci --omit=dev', '`npm run check:packed` and `npm run check:image` run it'],
  ['docker ', 'there may be no Docker; `npm run check:image` performs the steps'],
  ['npm ci               #', 'how to work on the sources'],
  ['npm run check  ', 'how to work on the sources'],
  ['DATABASE_URL=', 'needs a server of PostgreSQL; the store is tested on one'],
  ['npx palate pretrain', 'takes hours'],
  ['npm run bench -- bank', 'takes hours'],
];

interface Block {
  page: string;
  text: string;
}

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];
const blocks: Block[] = pages.flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^( *)```sh\n([\s\S]*?)^ *```/gm)].map(([, indent, text]) => ({
    page,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);
const isRun = ({ text }: Block) => !NOT_RUN.some(([begins]) => text.startsWith(begins));

describe('every command in the docs', () => {
  it('is run, or says why not', () => {
    expect(blocks.length).toBeGreaterThan(12);
    for (const [begins] of NOT_RUN)
      expect(
        blocks.some(({ text }) => text.startsWith(begins)),
        begins,
      ).toBe(true);
    expect(blocks.filter(isRun).map(({ text }) => text.split('\n')[0])).toHaveLength(7);
  });

  it.each(blocks)('names variables and scripts that there are, $page: $text', ({ text }) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const fields = { discord, slack, example: { shape: { password: 0 } } };
    const known = [
      ...Object.values(VARIABLES),
      ...Object.entries(fields).flatMap(([plugin, { shape }]) =>
        Object.keys(shape).map((field) => pluginVariable(plugin, field)),
      ),
    ];
    for (const [, variable] of text.matchAll(/\b((?:PALATE_|DATABASE_URL)[A-Z_]*)=/g))
      expect(known).toContain(variable);
    for (const [, script] of text.matchAll(/\bnpm run ([\w:-]+)/g)) expect(scripts).toHaveProperty([script]);
  });
});

describe('what is run', () => {
  let folder: string;
  let service: ChildProcess;
  let environment: NodeJS.ProcessEnv;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-docs-'));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const tools = join(folder, 'bin');
    mkdirSync(tools);
    // npm and npx as in the repository's folder, from its sources.
    const tool = (name: string, script: string) => {
      writeFileSync(join(tools, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(tools, name), 0o755);
    };
    tool(
      'npm',
      `case "$1 $2" in "run chat") shift 2; [ "$1" = -- ] && shift; exec ${PALATE} chat "$@";; *) exit 99;; esac`,
    );
    tool('npx', `[ "$1" = palate ] || exit 99; shift; exec ${PALATE} "$@"`);
    environment = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PALATE_|^DATABASE_URL$/.test(name))),
      PATH: `${tools}:${process.env.PATH}`,
      PALATE_MODEL: await defaultModelPath(),
      PALATE_PORT: String(port),
      PALATE_PLUGINS: 'none',
      PALATE_THREADS: '1',
    };
    service = spawn('npx', ['palate', 'start'], {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    while (!(await fetch(`${url}/readyz`).catch(() => null))?.ok) {
      if (service.exitCode !== null) throw new Error('The service ended.');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });

  afterAll(async () => {
    const ended = once(service, 'exit');
    service.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs a block as somebody would who copies it, for a service at another port. */
  const run = (script: string, input = '') =>
    execFileSync('bash', ['-euc', script.replaceAll('http://127.0.0.1:4000', url)], {
      cwd: folder,
      env: environment,
      input,
      encoding: 'utf8',
    });
  const block = (begins: string) => blocks.find((one) => one.text.startsWith(begins))?.text ?? '';

  it('shows the API by example, each step with what the one before answered', () => {
    const shell = blocks.find(({ text }) => text.startsWith('URL='))?.text ?? '';
    const asked = blocks.filter(({ page, text }) => page === 'docs/api.md' && text.startsWith("ask '"));
    expect(run(shell)).toContain('"scope":"ADMIN"');
    const ids: Record<string, string> = {};
    for (const { text } of asked) {
      const filled = text.replaceAll(/\b(?:GENERATION|CANDIDATE|FEEDBACK)_ID\b/g, (name) => ids[name] ?? name);
      const { data, errors } = JSON.parse(run(`${shell.replace(/^ask '[^\n]*\n/m, '')}\n${filled}`));
      expect(errors).toBeUndefined();
      if (data.generate)
        Object.assign(ids, { GENERATION_ID: data.generate.id, CANDIDATE_ID: data.generate.candidates[0].id });
      if (data.submitFeedback) ids.FEEDBACK_ID = data.submitFeedback.feedback.id;
    }
    expect(Object.keys(ids)).toHaveLength(3);
  });

  it('gives keys out', () => {
    run(block('npx palate key create'));
    expect(existsSync(join(folder, 'bot-key'))).toBe(true);
  });

  it('talks in the terminal', () => {
    const [talk, tune] = block('npm run chat').split('\n');
    expect(run(`${talk.replace(/#.*/, '')} --tokens 8`, 'Tell me about owls.\n1\n/quit\n')).toContain('version 0 → 1');
    expect(run(`${tune.replace(/#.*/, '')} --tokens 4`, '1\n')).toContain('1/10');
  });
});
