/** Every plugin that comes with the product, against the contract. */
import { expect } from 'vitest';
import { Random } from '../../src/common/random.js';
import type { PluginFixture } from '../plugins/fixture.js';
import { describePlugin } from './plugin-contract.js';

const PASSWORD = 'open-sesame-0815';

/** Ports that two runs at the same time hardly share. */
const port = 20_000 + new Random(`example/${process.pid}`).integer(20_000);

/** What the example answers; null where it refuses. */
// biome-ignore lint/suspicious/noExplicitAny: each path answers in its own way, which the expectations spell out.
async function post(path: string, body: unknown, password = PASSWORD): Promise<{ status: number; body: any }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${password}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: response.ok ? await response.json() : null };
}

/** Ada says something, likes the second reply, and the service has it on record. */
async function useExample(place: PluginFixture): Promise<void> {
  expect((await post('/say', {}, 'wrong')).status).toBe(401);
  const { body } = await post('/say', { from: 'ada', text: 'hello' });
  expect(body).toEqual({ message: expect.any(String), replies: [expect.any(String), expect.any(String)] });
  expect((await post('/choose', { message: body.message, choice: 1 })).body).toEqual({ verdict: 'CHOSEN' });
  expect((await post('/choose', { message: 'nothing', choice: 1 })).body).toEqual({
    error: 'There is no such message.',
  });
  const member = await place.admin.member({ platform: 'example', externalId: 'ada' });
  const { nodes } = await place.admin.feedback(member?.id ?? '');
  const generation = await place.admin.generation(body.message);
  expect(nodes[0]).toMatchObject({
    verdict: 'CHOSEN',
    generation: { id: body.message },
    chosen: { id: generation?.candidates[1].id },
  });
}

describePlugin({
  source: 'example',
  name: 'example',
  settings: () => ({ password: PASSWORD, port: String(port) }),
  refused: { port: '70000' },
  use: useExample,
});
