/** The rules between rooms: who may import whom, who may use which package, how long a file may be. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

/** A source file, by its path from the repository's root with forward slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

export const MAXIMUM_LINES = 400;
export const MAXIMUM_ROOT_LINES = 150;

/** What each room may import of ours. app and cli are above all rooms; common and contract are below them all. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  common: [],
  contract: [],
  graph: ['common'],
  'language-model': ['common', 'graph'],
  runtime: ['common', 'graph', 'language-model'],
  learning: ['common', 'graph', 'language-model', 'runtime'],
  store: ['common'],
  services: ['common', 'contract', 'graph', 'language-model', 'runtime', 'learning', 'store'],
  plugins: ['common', 'contract', 'graph', 'language-model', 'runtime', 'learning', 'services', 'client'],
  gateway: ['common', 'contract', 'graph', 'language-model', 'runtime', 'learning', 'services'],
  client: ['contract'],
  console: ['client'],
  explorer: [],
  app: [
    'common',
    'contract',
    'graph',
    'language-model',
    'runtime',
    'learning',
    'store',
    'services',
    'plugins',
    'gateway',
    'client',
  ],
  cli: [
    'common',
    'contract',
    'graph',
    'language-model',
    'runtime',
    'learning',
    'store',
    'services',
    'plugins',
    'gateway',
    'client',
    'app',
  ],
};

/** Packages that only some rooms may import. */
const PACKAGES: readonly { pattern: RegExp; rooms: readonly string[]; name: string }[] = [
  { pattern: /^onnxruntime-/, rooms: ['runtime'], name: 'onnxruntime' },
  {
    pattern: /^(@prisma\/.*|prisma(\/.*)?|@electric-sql\/.*|pg)$/,
    rooms: ['store'],
    name: 'Prisma, PGlite and pg',
  },
  { pattern: /^(@apollo\/.*|@graphql-tools\/.*)$/, rooms: ['gateway'], name: 'Apollo' },
  { pattern: /^(hono|@hono\/node-server)($|\/)/, rooms: ['gateway'], name: 'Hono' },
  { pattern: /^graphql-ws($|\/)/, rooms: ['gateway', 'client'], name: 'graphql-ws' },
  { pattern: /^discord\.js$|^@discordjs\//, rooms: ['bots/discord'], name: 'the Discord SDK' },
  { pattern: /^@slack\//, rooms: ['bots/slack'], name: 'the Slack SDK' },
  { pattern: /^(react|react-dom|vite|graphiql)($|\/)/, rooms: ['console', 'explorer'], name: 'the web pages' },
];

/** What a pure room may not touch. */
const PURE: Readonly<Record<string, { pattern: RegExp; rule: string }>> = {
  graph: {
    pattern: /^node:(fs(\/.*)?|net|http|https|http2|tls|dns|dgram|worker_threads|child_process|cluster)$/,
    rule: 'bytes out, no files, no network, no processes',
  },
  learning: {
    pattern: /^node:(net|http|https|http2|tls|dns|dgram|child_process|cluster|timers(\/.*)?|perf_hooks)$/,
    rule: 'no network, no clock, no processes',
  },
  // No package either but a data structure and a measure: what bots share is plain functions of their arguments, and waiting.
  'bots/kit': {
    pattern: /^(?!(lru-cache|string-width|node:timers\/promises)$)/,
    rule: 'it waits, keeps and measures, and uses nothing else',
  },
};

/** Pure files without an import of their own, which every room and every bot may import. */
const LEAVES: readonly string[] = ['src/common/back-off', 'src/common/stream'];

/** What is generated and not written by hand. */
const GENERATED = /^src\/[\w-]+\/generated\//;

/** Every source file under the folders, generated ones left out. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  const files: SourceFile[] = [];
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      if (!entry.isFile() || !/\.(ts|tsx|mts)$/.test(path) || GENERATED.test(path)) continue;
      files.push({ path, text: readFileSync(join(root, path), 'utf8') });
    }
  }
  return files;
}

/**
 * The modules a file imports, types included, in whatever form: import, export from, import(), require(), import types.
 * Comments and template texts are skipped, so a specifier that is only mentioned there does not count.
 */
export function importsOf(text: string): string[] {
  const specifiers: string[] = [];
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:\\[\s\S]|[^`\\])*`|(["'])((?:\\.|(?!\1)[^\\\n])*)\1/g;
  let code = '';
  let last = 0;
  for (const match of text.matchAll(token)) {
    code += text.slice(last, match.index);
    last = match.index + match[0].length;
    if (match[1] === undefined) continue;
    if (/(\bfrom|\bimport|\b(import|require)\s*\()\s*$/.test(code)) specifiers.push(match[2]);
    code += '""';
  }
  return specifiers;
}

/** Every rule that is broken, as sentences that name the file, what it does and the rule. */
export function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...lengthViolations(file),
    ...homelessViolations(file),
    ...importsOf(file.text).flatMap((name) => check(file.path, name)),
  ]);
}

function lengthViolations({ path, text }: SourceFile): string[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  const maximum = path === 'src/app.ts' ? MAXIMUM_ROOT_LINES : MAXIMUM_LINES;
  return lines > maximum
    ? [`${path} has ${lines} lines; rule: a file has at most ${maximum} lines. Split it by duty.`]
    : [];
}

function homelessViolations({ path }: SourceFile): string[] {
  if (!/^(src|bots)\//.test(path) || roomOf(path) !== undefined) return [];
  return [`${path} is in no room; rule: the rooms are ${Object.keys(ROOMS).join(', ')}.`];
}

function check(path: string, specifier: string): string[] {
  const room = roomOf(path);
  if (room === undefined) return [];
  if (LEAVES.includes(withoutEnding(path))) return [`${path} imports ${specifier}; rule: a leaf imports nothing.`];
  return specifier.startsWith('.') ? checkOwn(path, room, specifier) : checkPackage(path, room, specifier);
}

function checkPackage(path: string, room: string, specifier: string): string[] {
  const broken: string[] = [];
  for (const { pattern, rooms, name } of PACKAGES) {
    if (pattern.test(specifier) && !rooms.includes(room)) {
      broken.push(`${path} imports ${specifier}; rule: only ${rooms.join(' and ')} may import ${name}.`);
    }
  }
  if (room === 'client' && /^graphql-ws\//.test(specifier)) {
    broken.push(`${path} imports ${specifier}; rule: client uses the client half of graphql-ws only.`);
  }
  const pure = PURE[room];
  if (pure?.pattern.test(specifier)) broken.push(`${path} imports ${specifier}; rule: ${room} is pure: ${pure.rule}.`);
  return broken;
}

function withoutEnding(path: string): string {
  return path.replace(/\.(ts|js|tsx)$/, '');
}

function checkOwn(path: string, room: string, specifier: string): string[] {
  const target = posix.normalize(posix.join(dirname(path), specifier));
  if (target.startsWith('..')) return [`${path} imports ${specifier}; rule: imports stay inside the repository.`];
  if (target === 'package.json' || LEAVES.includes(withoutEnding(target))) return [];
  const other = roomOf(target);
  if (other === room) return [];
  if (room.startsWith('bots/')) return checkBot(path, room, target, other);
  if (other !== undefined && ROOMS[room]?.includes(other)) return [];
  const allowed = ROOMS[room]?.length ? ROOMS[room].join(', ') : 'no other room';
  return [`${path} imports ${target}; rule: ${room} may import ${allowed}${other ? `, not ${other}` : ''}.`];
}

function checkBot(path: string, room: string, target: string, other: string | undefined): string[] {
  if (other === 'client' || target.startsWith('src/plugins/contract.')) return [];
  if (other === 'bots/kit' && room !== 'bots/kit') return [];
  return [
    `${path} imports ${target}; rule: a bot may import src/client, the plugin contract and bots/kit, and no other bot.`,
  ];
}

/** The room of a path: the folder under src, or the bot. The explorer's page lies with the other pages and runs in a browser. */
function roomOf(path: string): string | undefined {
  const [top, name] = path.split('/');
  if (top === 'bots' && name !== undefined) return `bots/${name}`;
  if (top !== 'src' || name === undefined) return undefined;
  if (path.startsWith('src/gateway/pages/explorer/')) return 'explorer';
  const room = name.replace(/\.(ts|js|tsx)$/, '');
  return room in ROOMS ? room : undefined;
}
