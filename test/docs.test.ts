/** Keeps docs/ true where a machine can tell: documents fit the schema, and names and numbers are those of the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, getVariableValues, isEnumType, Kind, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import discord from '../bots/discord/plugin.js';
import slack from '../bots/slack/plugin.js';
import { CONFIG_FILE, DEFAULT_LIMITS, VARIABLES } from '../src/common/config.js';
import { ERROR_CODES } from '../src/common/errors.js';
import { AGREEMENT_MINIMUM } from '../src/learning/agreement.js';
import { PRETRAIN_DEFAULTS } from '../src/learning/clap/settings.js';
import { DRAWS } from '../src/learning/comparisons.js';
import { MEAN_BOUND, PERSONAL_SPREAD } from '../src/learning/encoder.js';
import { LEAN_VERDICTS } from '../src/learning/exploration.js';
import { GATE_MINIMUM } from '../src/learning/gate.js';
import { BETA } from '../src/learning/latent-dpo.js';
import { checkConfig, fieldsOf, givenSettings, strayVariables } from '../src/plugins/configuration.js';
import type { Plugin } from '../src/plugins/contract.js';
import { BASE_SHARE } from '../src/services/generations/roles.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCS = join(ROOT, 'docs');
const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
/** Every page, by its path from the repository's root. */
const ALL_PAGES = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...pages.map((name) => `docs/${name}`),
];
const textOf = (name: string) => readFileSync(join(DOCS, name), 'utf8');
const operations = textOf('operations.md');
const method = textOf('method.md');
const api = textOf('api.md');
const schema = buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));

interface Example {
  page: string;
  document: string;
  /** JSON, where the example gives variables. */
  variables?: string;
}

/** Blocks marked graphql, the arguments of the shell function `ask`, and query texts in JavaScript. */
function examplesOf(page: string): Example[] {
  const text = textOf(page);
  const all = (pattern: RegExp) => [...text.matchAll(pattern)];
  return [
    ...all(/```graphql\n([\s\S]*?)```/g).map(([, document]) => ({ page, document })),
    ...all(/^ask '([^']+)'(?: '([^']+)')?$/gm).map(([, document, variables]) => ({ page, document, variables })),
    ...all(/const query = `([^`]+)`/g).map(([, document]) => ({ page, document })),
  ];
}

describe('the GraphQL in docs/', () => {
  const examples = pages.flatMap(examplesOf);

  it('is found at all', () => {
    for (const field of ['generate(', 'submitFeedback(', 'withdrawFeedback(', 'member(', 'generationStream(']) {
      expect(examples.some(({ document }) => document.includes(field))).toBe(true);
    }
  });

  it.each(examples)('fits the schema, $page: $document', ({ document, variables }) => {
    const parsed = parse(document);
    expect(validate(schema, parsed)).toEqual([]);
    const [operation] = parsed.definitions;
    if (variables === undefined || operation.kind !== Kind.OPERATION_DEFINITION) return;
    const given = getVariableValues(schema, operation.variableDefinitions ?? [], JSON.parse(variables));
    expect(given.errors).toBeUndefined();
  });
});

describe('docs/operations.md', () => {
  it('names every setting with its variable, and the file that holds them', () => {
    for (const [name, variable] of Object.entries(VARIABLES)) {
      expect(operations).toContain(`| \`${name}\` | \`${variable}\` |`);
    }
    expect(operations).toContain(CONFIG_FILE);
  });

  it('names every limit with its default', () => {
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
      const row = operations.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${name}\``));
      expect(row, name).toContain(value.toLocaleString('en-US'));
    }
  });

  it('states the defaults of pretrain', () => {
    const { steps, prompts, seed, validation, response } = PRETRAIN_DEFAULTS;
    expect(operations).toContain(`| \`--response-steps\` | ${response.steps} |`);
    expect(operations).toContain(`| \`--drift-weight\` | ${response.driftWeight} |`);
    expect(operations).toContain(`| \`--steps\` | ${steps} |`);
    expect(operations).toContain(`| \`--prompts\` | ${prompts} |`);
    expect(operations).toContain(`| \`--seed\` | ${seed} |`);
    expect(operations).toContain(`${validation} more are kept for the evaluation`);
  });
});

describe('docs/method.md', () => {
  it('states the settings of CLaP', () => {
    const { prompts, validation, repliesPerPrompt, steps, lengths, batch, tokens, latent, middle, projected } =
      PRETRAIN_DEFAULTS;
    const said = [
      `| ${prompts}, ${validation} |`,
      `| replies a prompt | ${repliesPerPrompt},`,
      `at most ${lengths.join(', ').replace(/, (\d+)$/, ' or $1')} tokens`,
      `| steps | ${steps} |`,
      `B = ${batch} replies`,
      `first ${tokens} tokens`,
      `d = ${latent}`,
      `m = ${middle} numbers`,
      `4h → ${projected}`,
      `for ${100 * PRETRAIN_DEFAULTS.shrinkShare} % of the rows`,
    ];
    for (const words of said) expect(method).toContain(words);
  });

  it('states the settings of raising the response', () => {
    const { signed, shortest, longest, driftWeight, zeroCost, clapEvery, saveEvery, learningRate } =
      PRETRAIN_DEFAULTS.response;
    const ordinals: Record<number, string> = { 4: 'fourth', 10: 'tenth' };
    const said = [
      `s ~ U(${shortest}, ${longest})`,
      `y_${signed} behind z, y_${signed + 1} … y_${2 * signed} behind -z`,
      `at most ${PRETRAIN_DEFAULTS.tokens} tokens`,
      `β = ${driftWeight}\n`,
      `Every ${ordinals[clapEvery]} step`,
      `At every ${ordinals[saveEvery]} step`,
      `by more than ${zeroCost} nat a token`,
      `Adam at ${learningRate.toExponential()}`,
    ];
    for (const words of said) expect(method).toContain(words);
  });

  it('states the settings of Latent DPO and of serving', () => {
    const said = [
      `β = ${BETA}`,
      `scaled back to length ${MEAN_BOUND}`,
      `Draw ${DRAWS} points from each`,
      `Below ${GATE_MINIMUM} verdicts`,
      `strength · (μ + ${PERSONAL_SPREAD} σ ε)`,
      `with probability ${BASE_SHARE}, all`,
      `From ${AGREEMENT_MINIMUM} verdicts on`,
      `λ = v / (v + ${LEAN_VERDICTS}), at most ½`,
    ];
    for (const words of said) expect(method).toContain(words);
  });
});

describe('docs/api.md', () => {
  it('explains every error code and every verdict', () => {
    const verdict = schema.getType('Verdict');
    if (!isEnumType(verdict)) throw new Error('Verdict is no enum');
    for (const name of [...ERROR_CODES, ...verdict.getValues().map((value) => value.name)])
      expect(api).toContain(`\n| \`${name}\` |`);
  });
});

describe('the settings of the bots in docs/', () => {
  const bots = { 'discord.md': discord, 'slack.md': slack };

  it.each(Object.entries(bots))('are those of the code, %s', (page, { configSchema }) => {
    const rows = textOf(page)
      .split('\n')
      .filter((line) => line.startsWith('| '));
    for (const { name, title, default: value } of fieldsOf(configSchema)) {
      const row = rows.find((line) => line.split('|', 3).join('').includes(`\`${name}\``));
      expect(row, name).toContain(title);
      if (value !== null && value !== '{}') expect(row?.replaceAll(',', '')).toContain(value.replace(/\/$/, ''));
    }
  });

  it.each(Object.entries(bots))('are set by the commands that stand there, %s', async (page, plugin) => {
    const { name, configSchema } = plugin;
    const fields = fieldsOf(configSchema);
    const [command] = [...textOf(page).matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text);
    const given = [...command.matchAll(/(PALATE_[A-Z_]+)=(\S+)/g)].map(([, variable, value]) => [variable, value]);
    expect(given.length).toBeGreaterThan(0);
    const environment = Object.fromEntries(given);
    expect(strayVariables(name, fields, [], environment)).toEqual([]);
    const { texts } = givenSettings(name, fields, { values: {}, secrets: {} }, environment);
    expect(texts.size).toBe(given.length);
    expect(await checkConfig(plugin as Plugin, fields, texts)).toMatchObject({ ok: true });
  });

  it('are in groups, and the manifest to copy is the one of the page', () => {
    for (const { configSchema } of Object.values(bots)) {
      expect(fieldsOf(configSchema).filter(({ group }) => group === null)).toEqual([]);
    }
    const [, manifest] = /```json\n([\s\S]*?)```/.exec(slack.guide ?? '') ?? [];
    expect(JSON.parse(manifest)).toEqual(JSON.parse(readFileSync(join(ROOT, 'bots/slack/manifest.json'), 'utf8')));
  });
});

describe('what the pages lead to', () => {
  const links = ALL_PAGES.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link]) => ({
      page,
      link,
    })),
  );

  it.each(links)('is there, $page: $link', ({ page, link }) => {
    const [file, anchor] = link.split('#');
    const target = file === '' ? join(ROOT, page) : join(dirname(join(ROOT, page)), file);
    expect(existsSync(target)).toBe(true);
    if (anchor === undefined) return;
    const headings = readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm);
    expect([...headings].map(([, heading]) => anchorOf(heading))).toContain(anchor);
  });

  const files = ['src', 'bots', 'test', 'prisma', 'contract', 'install', 'docker', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const named = ALL_PAGES.map((page) => ({
    page,
    names: [...readFileSync(join(ROOT, page), 'utf8').matchAll(/`([\w./-]+)`/g)]
      .map(([, name]) => name)
      .filter((name) =>
        /^(src|bots|test|prisma|contract|install|docker|examples)\/|^[a-z][\w-]+\.(ts|tsx|mjs)$/.test(name),
      ),
  }));

  it.each(named)('has the names of files that are there, $page', ({ names }) => {
    const isThere = (name: string) =>
      name.includes('/') ? existsSync(join(ROOT, name)) : files.some((file) => basename(file) === name);
    expect(names.filter((name) => !isThere(name))).toEqual([]);
  });
});

/** As code hosts name headings: lower case, punctuation left out, spaces as hyphens. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}
