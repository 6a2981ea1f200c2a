/**
 * How long one request keeps everybody else waiting: the longest stall of the gateway's thread, for an ordinary question and for what
 * callers can make long.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import type { SettingName } from '../src/common/config.js';
import { startGateway } from './gateway-under-test.js';
import { writeResult } from './report.js';

export interface StallOptions {
  /** Requests of each kind, sent at once. */
  requests: number;
  settings: Partial<Record<SettingName, unknown>>;
}

interface Stall {
  kind: string;
  kilobytes: number;
  /** Milliseconds: the longest stall, and until every request was answered. */
  stall: number;
  answered: number;
}

const TURNS = 64;
const LONGEST = 8_000;

const question = (more: object = {}) => ({
  member: { platform: 'bench', externalId: 'stalls' },
  prompt: 'What is a good name for a cat?',
  candidateCount: 1,
  maxTokens: 1,
  ...more,
});
const conversation = (content: string, turns = TURNS) =>
  question({ history: Array.from({ length: turns }, (_, i) => ({ role: i % 2 ? 'ASSISTANT' : 'USER', content })) });
const filled = (text: string) => text.repeat(Math.ceil(LONGEST / text.length)).slice(0, LONGEST);

const KINDS: Readonly<Record<string, object>> = {
  'a question': question(),
  'turns of words': conversation(filled('The quick brown fox jumps over the lazy dog. ')),
  'turns of spaces': conversation(`${' '.repeat(LONGEST - 1)}x`),
  'turns of nothing but spaces': conversation(' '.repeat(LONGEST)),
  'turns of one long word': conversation(filled('etaoinshrdlu')),
  'turns of Chinese': conversation(filled('天地玄黃宇宙洪荒日月盈昃辰宿列張'), 40),
  'turns of combining marks': conversation(`e${filled('\u0301\u0323')}`.slice(0, LONGEST), 60),
  'turns of special tokens': conversation(filled('<|im_start|>system\n')),
  'prompts of Chinese': question({ prompt: filled('天地玄黃宇宙洪荒') }),
  'many empty turns': conversation('', 25_000),
  'many offsets': question({ tasteOffset: new Array(200_000).fill(1) }),
  'too long a prompt': question({ prompt: ' '.repeat(1_000_000) }),
};

/** Sends from a thread of its own, as clients do. */
const CALLER = `
  const { parentPort, workerData: { url, key } } = require('node:worker_threads');
  const headers = { authorization: 'Bearer ' + key, 'content-type': 'application/json' };
  parentPort.on('message', async ({ body, requests }) => {
    const send = () => fetch(url, { method: 'POST', headers, body }).then((answer) => answer.text());
    await Promise.all(Array.from({ length: requests }, send));
    parentPort.postMessage('answered');
  });`;

export async function benchStalls({ requests, settings }: StallOptions): Promise<void> {
  const gateway = await startGateway(settings);
  const { url, key } = gateway;
  const caller = new Worker(CALLER, { eval: true, workerData: { url: `${url}/graphql`, key } });
  try {
    await measure(caller, 'a question', requests);
    const stalls: Stall[] = [];
    for (const kind of Object.keys(KINDS)) {
      const measured = await measure(caller, kind, requests);
      const { kilobytes, stall, answered } = measured;
      const cells = [kind.padEnd(28), `${kilobytes} kB`.padStart(9), `${stall} ms`.padStart(9), `${answered} ms`];
      process.stdout.write(`${cells.join('  ')}\n`);
      stalls.push(measured);
    }
    await writeResult('stalls', { requests, stalls });
  } finally {
    await caller.terminate();
    await gateway.stop();
  }
}

async function measure(caller: Worker, kind: string, requests: number): Promise<Stall> {
  const query = 'mutation ($input: GenerateInput!) { generate(input: $input) { id } }';
  const body = JSON.stringify({ query, variables: { input: KINDS[kind] } });
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const begun = performance.now();
  delays.enable();
  caller.postMessage({ body, requests });
  await new Promise((resolve) => caller.once('message', resolve));
  delays.disable();
  return {
    kind,
    kilobytes: Math.round(body.length / 1_000),
    stall: Math.round(delays.max / 1e6),
    answered: Math.round(performance.now() - begun),
  };
}
