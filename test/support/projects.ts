/**
 * What a test file needs decides which project it is in, and its imports say what it needs. `unit` needs nothing but the sources;
 * `database` opens one, starts processes, runs a platform's own client or draws a great many inputs; `model` compiles or runs a language
 * model or fits tastes by the hundred; `browser` opens pages.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './compiled.mjs';

export const PROJECTS = ['unit', 'database', 'model', 'browser'] as const;
export type Project = (typeof PROJECTS)[number];

/** By project, the most demanding first: a path below the repository's root, or a package. */
const NEEDS: readonly [Project, RegExp][] = [
  ['browser', /^playwright-core$/],
  [
    'model',
    /^(test\/support\/(model|decoder-session)|test\/learning\/synthetic-taste|src\/runtime\/(runtime|open-model))\.ts$/,
  ],
  [
    'database',
    /^(node:child_process|@slack\/.*|discord\.js|test\/store\/.*|test\/(fuzz|property)\/.*|test\/.*\/hostile-.*|src\/store\/(store|pglite|server)\.ts)$/,
  ],
];

/** Test files by project, as paths below the repository's root. */
export function testFiles(): Record<Project, string[]> {
  const files: Record<Project, string[]> = { unit: [], database: [], model: [], browser: [] };
  for (const path of filesBelow(join(ROOT, 'test'))) {
    if (path.endsWith('.test.ts')) files[projectOf(path)].push(path);
  }
  return files;
}

export function projectOf(path: string): Project {
  const needed = neededBy(path);
  return NEEDS.find(([, pattern]) => needed.some((need) => pattern.test(need)))?.[0] ?? 'unit';
}

/** A test file, what it imports, and what those import that are of the tests themselves. */
function neededBy(path: string): string[] {
  const found = new Set<string>();
  const left = [path];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    if (next.startsWith('test/') && next.endsWith('.ts')) left.push(...importsOf(next));
  }
  return [...found];
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const named = [...text.matchAll(/^(?:import|export)\b(?! type\b)[^;]*?'([^']+)'/gm)].map((match) => match[1]);
  return named.map((name) => {
    if (!name.startsWith('.')) return name;
    return relative(ROOT, join(ROOT, dirname(path), name.replace(/\.js$/, '.ts')));
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => relative(ROOT, join(folder, name)));
}
