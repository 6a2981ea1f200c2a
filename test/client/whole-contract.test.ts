/** One community's life through every method of the client, over the network, on real services and a real store. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createPalateClient,
  type Executor,
  type Generation,
  type Member,
  networkExecutor,
  OPERATIONS,
  type PalateClient,
} from '../../src/client/index.js';
import { ADA, BOB, type GatewayFixture, openGatewayFixture } from '../gateway/fixture.js';
import { KEY } from '../gateway/harness.js';

let world: GatewayFixture;
const asked = new Set<string>();
const clients: PalateClient[] = [];

/** Notes which operations were sent, and hands them on. */
function connect(key: string): PalateClient {
  const network = networkExecutor({ url: world.url, key });
  const note = (document: string) => {
    const found = Object.values(OPERATIONS).find((operation) => operation.document === document);
    if (found) asked.add(found.field);
  };
  const executor: Executor = {
    execute: (request, signal) => {
      note(request.query);
      return network.execute(request, signal);
    },
    subscribe: (request, options) => {
      note(request.query);
      return network.subscribe(request, options);
    },
    close: () => network.close?.() ?? Promise.resolve(),
  };
  const client = createPalateClient({ executor });
  clients.push(client);
  return client;
}

let admin: PalateClient;
let bot: PalateClient;
beforeAll(async () => {
  world = await openGatewayFixture();
  admin = connect(KEY);
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await world.close();
});

const short = { prompt: 'hello', maxTokens: 3, seed: 1 };

async function vote(generation: Generation): Promise<{ feedbackId: string; jobId: string }> {
  const [chosen] = generation.candidates;
  const result = await bot.submitFeedback({
    generationId: generation.id,
    verdict: 'CHOSEN',
    chosenCandidateId: chosen.id,
  });
  if (!result.trainingJob) throw new Error('The vote led to no training.');
  await world.fixture.trained(generation.member.id);
  return { feedbackId: result.feedback.id, jobId: result.trainingJob.id };
}

describe('the client', () => {
  it('gives out keys and takes them back', async () => {
    const { key, secret } = await admin.createKey({ name: 'the bot of north', scope: 'BOT', platform: 'north' });
    const rotated = await admin.rotateKey(key.id);
    expect(rotated.secret).not.toBe(secret);
    bot = connect(rotated.secret);
    expect(await bot.viewer()).toMatchObject({ scope: 'BOT', platform: 'north', member: null });
    const other = await admin.createKey({ name: 'soon gone', scope: 'ADMIN' });
    expect(await admin.revokeKey(other.key.id)).toMatchObject({ revokedAt: expect.any(String) });
    await expect(connect(other.secret).viewer()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await admin.keys()).map(({ name }) => name)).toEqual(['soon gone', 'the bot of north']);
  });

  it('has replies written, shown and judged', async () => {
    const first = await bot.generate({ member: ADA, ...short });
    expect(await bot.generation(first.id)).toEqual(first);
    expect(await bot.cancelGeneration(first.id)).toEqual(first);
    const events: string[] = [];
    for await (const event of bot.generateStream({ member: ADA, ...short, seed: 2 })) events.push(event.__typename);
    expect(events[0]).toBe('GenerationStarted');
    expect(events.at(-1)).toBe('GenerationFinished');
    const newest = await bot.generations(first.member.id, { first: 1 });
    expect(newest).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
    const oldest = await bot.generations(first.member.id, { first: 1, after: newest.pageInfo.endCursor });
    expect(oldest).toMatchObject({ nodes: [first], pageInfo: { hasNextPage: false } });
    const question = await bot.askTuningQuestion({ member: { ...ADA, externalId: 'tuned' } });
    expect(question.candidates).toHaveLength(4);

    const { feedbackId, jobId } = await vote(first);
    const page = await bot.feedback(first.member.id, { first: 5 });
    expect(page).toMatchObject({ totalCount: 1, nodes: [{ id: feedbackId, generation: { id: first.id } }] });
    expect(await bot.trainingJob(jobId)).toMatchObject({ status: 'SUCCEEDED', attempts: 1, encoderVersion: 1 });
    expect(await bot.cancelTraining(jobId)).toMatchObject({ status: 'SUCCEEDED' });
    expect((await bot.trainingJobs(first.member.id)).nodes.map(({ id }) => id)).toEqual([jobId]);
    for await (const job of bot.trainingStatus(first.member.id)) {
      expect(job.id).toBe(jobId);
      break;
    }
    expect((await bot.generations(first.member.id, { first: 1 })).totalCount).toBe(2);
    expect(await bot.member(ADA)).toEqual(await bot.memberById(first.member.id));
    expect(await bot.winRates(first.member.id)).toEqual([]);
    expect(await bot.tasteMap(first.member.id)).toMatchObject({ taste: { x: expect.any(Number) } });
    expect(await bot.trainMember(first.member.id)).toMatchObject({ member: { id: first.member.id } });
    await world.fixture.trained(first.member.id);
  });

  it('gives a member its rights', async () => {
    const { id } = (await bot.member(ADA)) as Member;
    const { token } = await bot.createMemberToken(ADA);
    const own = connect(token);
    expect(await own.viewer()).toMatchObject({ scope: 'MEMBER', member: { id }, expiresAt: expect.any(String) });
    expect((await own.setConsent(id, { learn: true })).consent.learn).toBe('GRANTED');
    const taste = await own.exportTaste(id);
    const other = await bot.generate({ member: BOB, ...short });
    const { feedbackId } = await vote(other);
    expect((await admin.importTaste(other.member.id, taste.data)).id).toBe(other.member.id);
    await world.fixture.trained(other.member.id);
    expect(await bot.withdrawFeedback(feedbackId)).toMatchObject({ feedback: { state: 'WITHDRAWN' } });
    await world.fixture.trained(other.member.id);
    expect((await own.rollbackMember(id, 0)).id).toBe(id);
    await world.fixture.trained(id);
    const receipt = await own.forgetMember(id);
    expect(receipt).toMatchObject({ memberId: id, platform: 'north' });
    expect(receipt.remaining.every(({ count }) => count === 0)).toBe(true);
    expect((await admin.deletionReceipt(receipt.id))?.memberId).toBe(id);
    expect(await bot.member(ADA)).toBeNull();
  });

  it('sees to platforms, plugins and what bots keep', async () => {
    expect(await bot.setPlatform('north', { asksConsent: true })).toEqual({ name: 'north', asksConsent: true });
    expect(await bot.platform('north')).toEqual({ name: 'north', asksConsent: true });
    expect(await admin.plugins()).toEqual([]);
    const unknown = { code: 'NOT_FOUND' };
    await expect(admin.configurePlugin('nobody', {})).rejects.toMatchObject(unknown);
    await expect(admin.diagnosePlugin('nobody')).rejects.toMatchObject(unknown);
    await expect(admin.startPlugin('nobody')).rejects.toMatchObject(unknown);
    await expect(admin.stopPlugin('nobody')).rejects.toMatchObject(unknown);
    for await (const plugin of admin.pluginStatus({ signal: AbortSignal.timeout(200) })) expect(plugin).toBeUndefined();
    expect(await bot.setStorage('mark/1', 'read')).toBe(true);
    expect(await bot.storage('mark/')).toEqual([{ key: 'mark/1', value: 'read' }]);
  });

  it('says what the models are and do', async () => {
    const pool = await bot.pool();
    for await (const status of bot.poolStatus()) {
      expect(status.modelDigest).toBe(pool.modelDigest);
      break;
    }
    await expect(bot.errorCounts()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const [latest] = await admin.errorCounts();
    expect(latest).toMatchObject({ code: 'FORBIDDEN', count: expect.any(Number), lastAt: expect.any(String) });
    for await (const [first] of admin.errorStatus()) {
      expect(first).toEqual(latest);
      break;
    }
    const [serving, ...others] = await bot.models();
    expect(serving).toMatchObject({ name: pool.model, digest: pool.modelDigest, serving: true });
    expect(serving.checkpointDigest).toBe(pool.checkpointDigest);
    expect(await admin.limits()).toContainEqual(expect.objectContaining({ name: 'candidateCountMaximum', value: 8 }));
    expect(others).toMatchObject([{ name: 'SmolLM2-135M-Instruct', licence: 'Apache-2.0', serving: false }]);
  });

  it('has left no operation of the contract out', () => {
    expect([...asked].sort()).toEqual(Object.keys(OPERATIONS).sort());
  });
});
