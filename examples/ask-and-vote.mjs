// Asks for two replies, prefers one of them, and waits until that is learned.
//   KEY=$(cat .palate/admin-key) node examples/ask-and-vote.mjs "Tell me about owls."
import { createPalateClient } from 'palate/client';

const client = createPalateClient({ url: process.env.PALATE_URL ?? 'http://127.0.0.1:4000', key: process.env.KEY });
const member = { platform: 'example', externalId: 'ada' };

const texts = new Map();
let generationId;
for await (const event of client.generateStream({ member, prompt: process.argv[2] ?? 'How was your weekend?', maxTokens: 32 })) {
  if (event.__typename === 'GenerationStarted') generationId = event.generationId;
  else if (event.__typename === 'CandidateDelta')
    texts.set(event.candidateId, (texts.get(event.candidateId) ?? '') + event.text);
}
for (const text of texts.values()) console.log(`- ${text}`);

const [liked] = texts.keys(); // here your member chooses
const { trainingJob } = await client.submitFeedback({ generationId, verdict: 'CHOSEN', chosenCandidateId: liked });
if (trainingJob)
  for await (const job of client.trainingStatus(trainingJob.member.id)) {
    console.log(job.status, `${job.step}/${job.totalSteps}`);
    if (job.id === trainingJob.id && !['QUEUED', 'RUNNING'].includes(job.status)) break;
  }
console.log(`version ${(await client.member(member))?.encoder.version}`);
await client.close();
