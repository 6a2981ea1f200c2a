/** The decoder on the default model: the float32 graph against another implementation, the packed graph against the float32 one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../src/language-model/gguf.js';
import { buildInspectGraph } from '../../src/language-model/graphs/serving.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import type { Session } from '../../src/runtime/session.js';
import { argmax, logSoftmax, openDecoder, rowOf, runText } from '../support/decoder-session.js';
import { type GoldenCase, goldenCases } from '../support/golden.js';
import { defaultModelPath } from '../support/model.js';

let folder: string;
let file: LanguageModelFile;
let float32: Session;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'palate-decoder-'));
  file = await openGguf(await defaultModelPath());
  float32 = await openDecoder(file, buildInspectGraph, 'float32', folder);
});

afterAll(async () => {
  await float32?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Greatest distance of numbers that lie in the same places. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
}

/** The text and its greedy reply in one pass: what decoding step by step would see, as long as it decodes the same. */
async function withReply({ ids, greedy }: GoldenCase) {
  const all = [...ids, ...greedy];
  const out = await runText(float32, file, all);
  const { vocabulary, hidden } = file.config;
  return {
    logits: (position: number) => rowOf(out.logits, position, vocabulary),
    hidden: (layer: number, position: number) => rowOf(out[`hidden_${layer}`], position, hidden),
  };
}

describe.each(goldenCases.map((golden) => [golden.text.slice(0, 40), golden] as const))('after %j', (_, golden) => {
  let out: Awaited<ReturnType<typeof withReply>>;
  const last = golden.ids.length - 1;
  beforeAll(async () => {
    out = await withReply(golden);
  });

  it('the float32 graph has the most likely tokens and their logits', () => {
    const logits = out.logits(last);
    const top = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, golden.last_logits_top10.length);
    const expected = golden.last_logits_top10.map(([, logit]) => logit);
    expect(
      distance(
        top.map((token) => logits[token]),
        expected,
      ),
    ).toBeLessThan(2e-3);
    for (const [token, logit] of golden.last_logits_top10) expect(Math.abs(logits[token] - logit)).toBeLessThan(2e-3);
  });

  it('the float32 graph gives every token its log-probability', () => {
    const scores = golden.ids.slice(1).map((token, i) => logSoftmax(out.logits(i))[token]);
    expect(distance(scores, golden.token_logprobs)).toBeLessThan(1e-3);
  });

  it('the float32 graph has the hidden states of every depth', () => {
    for (const [layer, expected] of Object.entries(golden.hidden_last_token_first8)) {
      expect(distance(out.hidden(Number(layer), last).subarray(0, 8), expected), `layer ${layer}`).toBeLessThan(1e-3);
    }
  });

  it('the float32 graph goes on greedily with the same text', () => {
    const greedy = golden.greedy.map((_, i) => argmax(out.logits(last + i)));
    expect(greedy).toEqual(golden.greedy);
    expect(golden.greedy_text.startsWith(file.tokenizer.decode(greedy))).toBe(true);
  });
});

describe('the packed graph', () => {
  const TEXT = [
    '<|im_start|>user\nTell me about rain.<|im_end|>\n<|im_start|>assistant\nRain is a natural phenomenon that occurs when',
    ' water falls from the sky. Warm air rises, cools and lets go of what it carried: first a mist, then drops that are too',
    ' heavy to float. Farmers wait for it, children jump into it, and most cities are built to get rid of it.<|im_end|>\n',
    '<|im_start|>user\nMy cat ignores me. What should I do?<|im_end|>\n<|im_start|>assistant\nCats often need some time for',
    ' themselves, so do not worry too much. Try to play with her every evening, at the same hour, and stop before she is',
    ' bored. Put her bowl where you can both see it. If she hides all day or does not eat, please ask a vet.<|im_end|>\n',
    '<|im_start|>user\nWrite a function that doubles a number.<|im_end|>\n<|im_start|>assistant\n```python\ndef double(x):\n',
    '    """Returns two times x."""\n    return 2 * x\n\nprint(double(21))  # 42\n```\nThe function takes one argument and',
    ' returns its double. You can also use it with lists, which then contain everything twice.<|im_end|>\n',
    'In 1889 the tower was the tallest building of the world, and it kept that title for more than forty years. Many',
    ' writers of the time hated it; one of them had lunch there every day, because it was the only place in the town from',
    ' which he could not see it.',
  ].join('');

  it('agrees with the float32 graph over a text: nine of ten first choices, 0.02 nat apart in the mean', async () => {
    const packed = await openDecoder(file, buildInspectGraph, 'packed', folder);
    const ids = file.tokenizer.encodeRaw(TEXT);
    expect(ids.length).toBeGreaterThanOrEqual(300);
    const [exact, rounded] = [await runText(float32, file, ids), await runText(packed, file, ids)];
    await packed.close();
    const { vocabulary } = file.config;
    let same = 0;
    let divergence = 0;
    for (let i = 0; i < ids.length; i++) {
      const p = logSoftmax(rowOf(exact.logits, i, vocabulary));
      const q = logSoftmax(rowOf(rounded.logits, i, vocabulary));
      if (argmax(p) === argmax(q)) same++;
      for (let token = 0; token < vocabulary; token++) divergence += Math.exp(p[token]) * (p[token] - q[token]);
    }
    // Measured: 0.94 and 0.007.
    expect(same / ids.length).toBeGreaterThanOrEqual(0.9);
    expect(divergence / ids.length).toBeLessThanOrEqual(0.02);
  });
});
