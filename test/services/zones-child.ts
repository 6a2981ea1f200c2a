/** Lives through everything that leaves a time behind, and tells each as the services give it. Its test sets the machine's zone. */
import { DEFAULT_LIMITS } from '../../src/common/config.js';
import { trainingJobOf } from '../../src/services/records.js';
import { newGeneration } from '../store/temporary-store.js';
import { openServicesFixture } from './fixture.js';

const databaseUrl = process.argv[2] || undefined;
const fixture = await openServicesFixture(databaseUrl ? { databaseUrl } : { embedded: true });
const { services, store } = fixture;
const begun = Date.now();
const times: Record<string, Date | null | undefined> = {};
const only = <T>(values: readonly T[]): T => values[0] as T;

const member = { platform: 'test', externalId: 'ada' };
const started = await services.generations.start({ member, prompt: 'Say hello.', maxTokens: 4 });
const made = await started.finished;
const { feedback, trainingJob } = await services.preferences.submit({
  generationId: made.id,
  verdict: 'CHOSEN',
  chosenCandidateId: made.candidates[0].id,
});
await fixture.trained(made.memberId);
times['Generation.createdAt'] = made.createdAt;
times['Generation.createdAt, read'] = (await services.generations.byId(made.id))?.createdAt;
times['Feedback.createdAt'] = feedback.createdAt;
times['Feedback.createdAt, of the generation'] = (await services.preferences.forGeneration(made.id, null))?.createdAt;
times['Feedback.createdAt, listed'] = only((await services.preferences.list(made.memberId, 1)).nodes).createdAt;
times['TrainingJob.createdAt'] = trainingJob?.createdAt;
times['TrainingJob.createdAt, read'] = (await services.training.byId(trainingJob?.id as string))?.createdAt;
times['TrainingJob.createdAt, listed'] = only((await services.training.list(made.memberId, 1)).nodes).createdAt;
times['Encoder.updatedAt'] = (await services.members.byId(made.memberId))?.encoder.updatedAt;
times['EncoderVersion.createdAt'] = only(await services.members.versions(made.memberId, 1)).createdAt;
const compared = await newGeneration(store, made.memberId);
await services.preferences.submit({ generationId: compared.id, verdict: 'TIE' });
times['WinRatePoint.at'] = only(await services.members.winRates(made.memberId)).at;

const { key, secret } = await services.keys.create({ name: 'k', scope: 'BOT', platform: 'test', expiresInDays: 1 });
times['Key.createdAt'] = key.createdAt;
times['Key.expiresAt'] = key.expiresAt;
times['Viewer.expiresAt'] = (await services.keys.identify(secret))?.expiresAt;
while (!only(await services.keys.list()).lastUsedAt) await new Promise((resolve) => setTimeout(resolve, 10));
times['Key.lastUsedAt'] = only(await services.keys.list()).lastUsedAt;
times['Key.revokedAt'] = (await services.keys.revoke(key.id)).revokedAt;
times['MemberToken.expiresAt'] = (await services.keys.createMemberToken(member, null)).expiresAt;

await store.cleanUp.expireTexts(new Date(Date.now() + 60_000), 10);
times['Generation.expiredAt'] = (await services.generations.byId(made.id))?.expiredAt;
await services.stop();
const waiting = await store.trainingJobs.queue(made.memberId);
const claim = await store.trainingJobs.claim(made.memberId);
if (claim) await store.trainingJobs.fail(claim.job, { error: 'no luck', durationMs: 1, retryAfterMs: 60_000 });
const failed = await store.trainingJobs.byId(waiting?.id as string);
times['TrainingJob.nextAttemptAt'] = failed && trainingJobOf(failed).nextAttemptAt;
const receipt = await services.rights.forget(made.memberId);
times['DeletionReceipt.forgottenAt'] = receipt.forgottenAt;
times['DeletionReceipt.cleanUpBy'] = receipt.cleanUpBy;
await store.cleanUp.run();
times['DeletionReceipt.cleanedAt'] = (await services.rights.receipt(receipt.id))?.cleanedAt;

const { memberTokenSeconds } = DEFAULT_LIMITS;
process.stdout.write(`${JSON.stringify({ begun, ended: Date.now(), memberTokenSeconds, times })}\n`);
await fixture.close();
process.exit(0);
