/** A chat platform in forty lines: people POST what they say, get two replies, and POST which one they liked. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { definePlugin, secret, z } from '../../src/plugins/contract.js';

const message = z.object({ from: z.string(), text: z.string() });
const choice = z.object({ message: z.string(), choice: z.int().min(0).max(1) });

export default definePlugin({
  name: 'example',
  version: '1.0.0',
  platform: 'example',
  description: 'A chat over plain HTTP, to show how a plugin is made.',
  configSchema: z.object({
    password: secret('What callers send as "Authorization: Bearer …".'),
    port: z.int().min(0).max(65_535).default(4_010).describe('The port to listen on, on this machine only.'),
  }),
  async start({ client, config, storage, log, signal }) {
    async function answer(request: IncomingMessage): Promise<unknown> {
      const body: unknown = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8'));
      if (request.url === '/say') {
        const { from, text } = message.parse(body);
        const member = { platform: 'example', externalId: from };
        const { id, candidates, member: known } = await client.generate({ member, prompt: text }, { signal });
        // Which reply was shown where: with this a vote finds its way after a restart too.
        await storage.set(`message/${id}`, candidates.map((candidate) => candidate.id).join(' '), {
          memberId: known.id,
        });
        return { message: id, replies: candidates.map((candidate) => candidate.text) };
      }
      const vote = choice.parse(body);
      const shown = (await storage.get(`message/${vote.message}`))?.split(' ');
      if (!shown) throw new Error('There is no such message.');
      const input = { generationId: vote.message, verdict: 'CHOSEN' as const, chosenCandidateId: shown[vote.choice] };
      return { verdict: (await client.submitFeedback(input)).feedback.verdict };
    }
    const server = createServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${config.password}`) return void response.writeHead(401).end();
      const done = (value: unknown) => void response.end(JSON.stringify(value));
      answer(request).then(done, (error: Error) => done({ error: error.message }));
    });
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(config.port, '127.0.0.1', resolve),
    );
    const { port } = server.address() as AddressInfo;
    log.info('The example listens', { port });
    return {
      health: () => ({ ok: server.listening, message: `Listens on port ${port}.` }),
      stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
    };
  },
});
