/** A gateway's life in short: members ask and vote without end, and every acknowledged vote is told. Killed by the crash test. */
import { openServicesFixture } from './fixture.js';

const [folder, members] = [process.argv[2], Number(process.argv[3])];
const { services } = await openServicesFixture({ folder, embedded: true });

async function live(externalId: string): Promise<never> {
  for (let turn = 0; ; turn++) {
    const started = await services.generations.start({
      member: { platform: 'crash', externalId },
      prompt: `Question ${turn}`,
      maxTokens: 4,
    });
    const generation = await started.finished;
    const [{ id: chosenCandidateId }] = generation.candidates;
    const { feedback } = await services.preferences.submit({
      generationId: generation.id,
      verdict: 'CHOSEN',
      chosenCandidateId,
    });
    process.stdout.write(`${feedback.id} ${generation.id} ${chosenCandidateId} ${generation.memberId}\n`);
  }
}

await Promise.all(Array.from({ length: members }, (_, i) => live(`member ${i}`)));
