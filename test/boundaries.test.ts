import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { importsOf, readSources, violations } from './boundaries.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

test('the sources keep the rules between rooms', () => {
  const files = readSources(root, ['src', 'bots', 'test', 'bench']);
  expect(files.map((file) => file.path)).toContain('src/common/errors.ts');
  expect(violations(files)).toEqual([]);
});

test('nothing but scalars is written by hand in the room that follows from schema.graphql', () => {
  const paths = readSources(root, ['src/contract']).map((file) => file.path);
  expect(paths).toEqual(['src/contract/scalars.ts']);
});

describe('the checker', () => {
  it.each([
    ['src/graph/a.ts', `import { Session } from '../runtime/session.js';`, 'graph may import common, not runtime'],
    [
      'src/common/a.ts',
      `import type { Value } from '../graph/index.js';`,
      'common may import no other room, not graph',
    ],
    [
      'src/contract/a.ts',
      `import type { Log } from '../common/log.js';`,
      'contract may import no other room, not common',
    ],
    ['src/store/a.ts', `import type { Member } from '../contract/index.js';`, 'store may import common, not contract'],
    ['src/learning/a.ts', `export * from '../store/index.js';`, 'learning may import'],
    ['src/runtime/a.ts', `import '../store/a.js';`, 'runtime may import'],
    ['src/gateway/a.ts', `const s = await import('../store/a.js');`, 'gateway may import'],
    ['src/gateway/a.ts', `import { p } from '../plugins/a.js';`, 'not plugins'],
    ['src/plugins/a.ts', `import { p } from '../gateway/a.js';`, 'not gateway'],
    [
      'src/store/a.ts',
      `type S = import('../services/services.js').MemberService;`,
      'store may import common, not services',
    ],
    ['src/client/a.ts', `import { PalateError } from '../common/errors.js';`, 'client may import contract, not common'],
    ['src/gateway/a.ts', `import { createRoot } from 'react-dom/client';`, 'only console and explorer'],
    ['src/gateway/pages/explorer/a.ts', `import { x } from '../console.js';`, 'explorer may import no other room'],
    ['src/console/a.tsx', `import { x } from '../services/a.js';`, 'console may import client, not services'],
    ['src/common/back-off.ts', `import { Random } from './random.js';`, 'a leaf imports nothing'],
    ['src/services/a.ts', `import { app } from '../app.js';`, 'not app'],
    ['src/services/a.ts', `import * as ort from 'onnxruntime-node';`, 'only runtime may import onnxruntime'],
    ['src/services/a.ts', `import type { PrismaClient } from '@prisma/client';`, 'only store may import Prisma'],
    ['src/services/a.ts', `const b = require('pg');`, 'only store may import Prisma, PGlite and pg'],
    ['src/cli/a.ts', `import { PGlite } from '@electric-sql/pglite';`, 'only store may import'],
    ['src/services/a.ts', `import { ApolloServer } from '@apollo/server';`, 'only gateway may import Apollo'],
    ['src/app.ts', `import { createClient } from 'graphql-ws';`, 'only gateway and client may import graphql-ws'],
    ['src/client/a.ts', `import { useServer } from 'graphql-ws/use/ws';`, 'client half'],
    ['src/learning/a.ts', `import { get } from 'node:http';`, 'learning is pure'],
    ['src/graph/a.ts', `import { open } from 'node:fs/promises';`, 'graph is pure: bytes out, no files'],
    ['bots/discord/a.ts', `import { x } from '../slack/a.js';`, 'no other bot'],
    ['bots/discord/a.ts', `import { x } from '../../src/services/a.js';`, 'a bot may import'],
    ['bots/kit/a.ts', `import { x } from '../discord/a.js';`, 'no other bot'],
    ['bots/kit/a.ts', `import { readFile } from 'node:fs/promises';`, 'bots/kit is pure'],
    ['bots/kit/a.ts', `import { z } from 'zod';`, 'bots/kit is pure'],
    ['bots/slack/a.ts', `import { Client } from 'discord.js';`, 'only bots/discord'],
    ['bots/discord/a.ts', `import { host } from '../../src/plugins/host.js';`, 'a bot may import'],
    ['bots/discord/a.ts', `import { createClient } from 'graphql-ws';`, 'only gateway and client'],
    ['src/helpers/a.ts', `import { x } from '../common/errors.js';`, 'is in no room'],
    ['src/graph/a.ts', `import x from '../../../elsewhere/a.js';`, 'inside the repository'],
    ['src/graph/a.ts', `import x from '../../bench/a.js';`, 'graph may import common'],
  ])('says no to %s with %s', (path, text, rule) => {
    const broken = violations([{ path, text }]);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain(path);
    expect(broken[0]).toContain(rule);
  });

  it.each([
    ['src/services/a.ts', `import { x } from '../store/a.js'; import { y } from '../learning/a.js';`],
    ['src/gateway/a.ts', `import { makeServer } from 'graphql-ws'; import { ApolloServer } from '@apollo/server';`],
    ['src/client/a.ts', `import { createClient } from 'graphql-ws'; import { x } from '../contract/generated/b.js';`],
    ['src/client/a.ts', `import { backOff } from '../common/back-off.js';`],
    ['bots/kit/a.ts', `import { backOff } from '../../src/common/back-off.js';`],
    ['src/app.ts', `import { x } from './store/a.js'; import { y } from './gateway/a.js';`],
    ['bots/discord/a.ts', `import { x } from '../kit/a.js'; import { y } from '../../src/plugins/contract.js';`],
    [
      'src/graph/a.ts',
      `// import { x } from '../runtime/a.js'\n/* from '../store/b.js' */ const t = \`import '../app.js'\`;`,
    ],
  ])('has nothing against %s with %s', (path, text) => {
    expect(violations([{ path, text }])).toEqual([]);
  });

  it('counts lines', () => {
    const lines = (count: number) => 'x\n'.repeat(count);
    expect(violations([{ path: 'src/graph/a.ts', text: lines(400) }])).toEqual([]);
    expect(violations([{ path: 'src/graph/a.ts', text: lines(401) }])[0]).toContain('at most 400 lines');
    expect(violations([{ path: 'src/app.ts', text: lines(151) }])[0]).toContain('at most 150 lines');
  });

  it('finds every form of import, across lines, with types', () => {
    const text = `import a from 'a'; import type { B } from "b"; import {\n  c,\n} from 'c'; export { d } from 'd';
      import 'e'; const f = import('f'); let g: typeof import('g'); const h = require('h'); const i = 'not'; // import 'j'`;
    expect(importsOf(text)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });
});
