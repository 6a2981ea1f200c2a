/** A plugin to begin with. Change the name and the platform, then what start() does. */
import { definePlugin, PluginSetupError, secret, z } from 'palate/plugin';

export default definePlugin({
  name: 'mine',
  version: '0.1.0',
  platform: 'mine',
  description: 'What it is, in a line.',
  configSchema: z.object({
    token: secret('The token that the platform gave you.'),
    greeting: z.string().default('Hello').describe('What it says first.'),
  }),
  async start({ client, config, log, storage, signal }) {
    // 1. Check the settings where the platform can tell: PluginSetupError waits for an admin, other errors are tried again.
    if (config.token === 'change me') throw new PluginSetupError('The token is still the example. Set the real one.');

    // 2. Take up what was left when this ran last.
    for await (const { key } of storage.list('message/')) log.debug('A message to look after again', { key });

    // 3. Connect to the platform here. For each message that is to be answered:
    async function answer(externalId, text, messageId) {
      const generation = await client.generate(
        { member: { platform: 'mine', externalId }, prompt: text, source: { messageId }, key: `message/${messageId}` },
        { signal },
      );
      const shown = generation.candidates.map((candidate) => candidate.id);
      await storage.set(`message/${messageId}`, JSON.stringify([generation.id, ...shown]), {
        memberId: generation.member.id,
      });
      return generation.candidates.map((candidate) => candidate.text);
    }

    // 4. For each vote, by the place of the reply that was chosen:
    async function vote(messageId, place) {
      const [generationId, ...shown] = JSON.parse((await storage.get(`message/${messageId}`)) ?? '[]');
      if (!generationId) return;
      await client.submitFeedback({ generationId, verdict: 'CHOSEN', chosenCandidateId: shown[place] });
    }

    log.info(config.greeting, { ready: [answer.name, vote.name] });
    return {
      health: () => ({ ok: true, message: 'Connected.' }),
      stop: async () => {
        // 5. Let go of the connection.
      },
    };
  },
});
