/**
 * Claim: a verdict is learned in under 100 ms and heard in the next reply in under 400 ms, up to fifty verdicts.
 * One member votes again and again over HTTP and WebSocket; the clock starts when the verdict is sent,
 * after a second in which a member would read the replies.
 */
import { startGateway } from './gateway-under-test.js';
import { BenchMember } from './members.js';
import { type LatencyOptions, writeResult } from './report.js';
import { distribution } from './statistics.js';
import { HELD_OUT_PROMPTS, VOTE_PROMPTS } from './taste/prompts.js';
import { AXES } from './taste/tastes.js';

export async function benchLatency({ verdicts, maxTokens, settings }: LatencyOptions): Promise<void> {
  const gateway = await startGateway(settings);
  const member = new BenchMember({
    client: gateway.client,
    name: 'attentive',
    candidates: 4,
    scorer: AXES.sentiment,
    maxTokens,
    seed: 1,
    readingMs: 1_000,
  });
  try {
    const times = { acknowledged: [] as number[], trained: [] as number[], firstToken: [] as number[] };
    for (const [index, prompt] of VOTE_PROMPTS.entries()) {
      if (times.trained.length === verdicts) break;
      const { verdict, sent, acknowledged, trained } = await member.vote(prompt, index);
      if (verdict === 'TIE') continue;
      await member.firstWord(HELD_OUT_PROMPTS[index % HELD_OUT_PROMPTS.length]);
      times.firstToken.push(performance.now() - sent);
      times.acknowledged.push(acknowledged - sent);
      times.trained.push(trained - sent);
    }
    const milliseconds = Object.fromEntries(
      Object.entries(times).map(([name, values]) => [name, distribution(values)]),
    );
    console.table(milliseconds);
    await writeResult('latency', { verdicts, maxTokens, milliseconds });
  } finally {
    member.close();
    await gateway.stop();
  }
}
