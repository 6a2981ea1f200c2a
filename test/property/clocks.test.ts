/** Nothing that is told of order, or of what was done, depends on the clock: it is set ahead and back at random between all steps. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { Random } from '../../src/common/random.js';
import { Housekeeping } from '../../src/services/members/housekeeping.js';
import { applyMigrations, readMigrations } from '../../src/store/migrations.js';
import { openPglite } from '../../src/store/pglite.js';
import { type Claim, SilentTrainings } from '../../src/store/training-work.js';
import { filesOnDisk } from '../store/files-on-disk.js';
import { newMember, type TemporaryStore, temporaryStore } from '../store/temporary-store.js';
import { steppedClock } from '../support/stepped-clock.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How far the clock is set, ahead or back: a day and more, or so little that nobody would notice. */
const STEPS_MS = [1, 900, 60_000, HOUR_MS, 9 * DAY_MS];

const clock = steppedClock();
const BEGIN = clock.begin;
let temporary: TemporaryStore;
const random = new Random('clocks');
beforeAll(async () => {
  temporary = await temporaryStore();
});
beforeEach(() => {
  clock.set(0);
});
afterAll(async () => {
  await temporary.remove();
  clock.restore();
});

/** Sets the clock, which the embedded database reads too, ahead or back of where it was at first. */
function step(): void {
  const [by, direction] = [1 + random.integer(STEPS_MS[random.integer(STEPS_MS.length)]), random.integer(2) * 2 - 1];
  clock.set(direction * by);
}

const generate = (memberId: string, text: string) =>
  temporary.store.generations.add({
    id: randomUUID(),
    memberId,
    prompt: text,
    encoderVersion: 0,
    model: 'tiny',
    modelDigest: 'model',
    source: null,
    candidates: (['PERSONAL', 'BASE'] as const).map((role, index) => ({
      id: randomUUID(),
      index,
      text: `${text}, reply ${index}`,
      tokenIds: [1],
      finishReason: 'STOP' as const,
      role,
      written: [],
      latent: null,
    })),
  });

/** Those of the texts that lie somewhere in the data folder. */
async function inFiles(texts: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for await (const { bytes } of filesOnDisk(temporary.folder)) {
    for (const text of texts) if (bytes.includes(text)) found.add(text);
  }
  return [...found];
}

it('reads the clock that the test sets', async () => {
  const tomorrow = BEGIN + DAY_MS;
  clock.set(DAY_MS);
  const { createdAt } = await generate((await newMember(temporary.store)).id, 'a date');
  expect(Math.abs(createdAt.getTime() - tomorrow)).toBeLessThan(HOUR_MS);
});

it('lists newest first by what came last', async () => {
  const { store } = temporary;
  const member = await newMember(store);
  const [written, made]: [string[], string[]] = [[], []];
  const votes: string[] = [];
  for (let i = 0; i < 25; i++) {
    step();
    const generation = await generate(member.id, `question ${i}`);
    written.unshift(generation.id);
    step();
    const key = {
      name: `key ${i}`,
      scope: 'BOT' as const,
      platform: 'test',
      memberId: null,
      prefix: '',
      expiresAt: null,
    };
    made.unshift((await store.keys.add({ ...key, digest: randomUUID() })).id);
    step();
    const chosen = { verdict: 'CHOSEN' as const, chosenCandidateId: generation.candidates[i % 2].id };
    await store.feedback.record({ generationId: generation.id, memberId: member.id, ...chosen }, { trainable: true });
    votes.push(i % 2 === 0 ? 'PERSONAL' : 'BASE');
  }
  const listed: string[] = [];
  for (let after: string | undefined; listed.length < written.length; after = listed.at(-1)) {
    listed.push(...(await store.generations.ofMember(member.id, 4, after)).rows.map(({ id }) => id));
  }
  expect(listed).toEqual(written);
  expect((await store.keys.list(100)).map(({ id }) => id)).toEqual(made);
  expect(
    (await store.feedback.listActive(member.id, { first: 100 })).rows.map(({ generationId }) => generationId),
  ).toEqual(written);
  expect((await store.feedback.fairVerdicts(member.id)).map(({ chosenRole }) => chosenRole)).toEqual(votes);
  expect(await store.generations.withoutFeatures({ model: 'm', checkpoint: 'c' }, 25, written)).toEqual(written);
});

it('says that something was erased for good once it was, and not before', async () => {
  const { store } = temporary;
  await store.cleanUp.run();
  const waiting: { receipt: string; text: string }[] = [];
  const erased: typeof waiting = [];
  for (let i = 0; i < 40; i++) {
    step();
    const action = random.integer(4);
    if (action < 2) {
      const member = await newMember(store);
      const text = `what nobody may find again ${randomUUID()}`;
      await generate(member.id, text);
      step();
      const forgotten = await store.forgetting.forget(member.id, { trainable: true });
      expect(forgotten?.receipt.cleanedAt).toBeNull();
      waiting.push({ receipt: forgotten?.receipt.id as string, text });
    } else if (action === 2) {
      expect((await store.cleanUp.pendingSince()) === null).toBe(waiting.length === 0);
    } else if (random.integer(3) === 0) {
      await store.cleanUp.run();
      expect(await inFiles(waiting.map(({ text }) => text))).toEqual([]);
      erased.push(...waiting.splice(0));
    }
    for (const { receipt } of waiting) expect((await store.forgetting.receipt(receipt))?.cleanedAt).toBeNull();
    for (const { receipt } of erased) expect((await store.forgetting.receipt(receipt))?.cleanedAt).toBeInstanceOf(Date);
  }
  expect(erased.length).toBeGreaterThan(3);
});

it('erases within the minutes that were announced, whatever the clock says', async () => {
  const { store } = temporary;
  await store.cleanUp.run();
  let ticks = 0;
  const housekeeping = new Housekeeping({
    store,
    retention: { textDays: 0, cleanUpMinutes: 10 },
    isQuiet: () => false,
    dropCaches: async () => undefined,
    log: createLog('silent'),
    clock: () => ticks,
  });
  for (let i = 0; i < 4; i++) {
    await store.forgetting.forget((await newMember(store)).id, { trainable: true });
    housekeeping.removed();
    for (const pass of [0, 300_000, 299_000]) {
      ticks += pass;
      step();
      await housekeeping.look();
      expect(await store.cleanUp.pendingSince()).not.toBeNull();
    }
    clock.set(-10 * DAY_MS);
    ticks += 1_000;
    await housekeeping.look();
    expect(await store.cleanUp.pendingSince()).toBeNull();
  }
});

it('keeps no text longer because its clock was ahead', async () => {
  const { store } = temporary;
  const member = await newMember(store);
  const now = BEGIN;
  clock.set(20 * DAY_MS);
  const { id } = await generate(member.id, 'from the future');
  clock.set(0);
  const sweepAt = async (time: number) => {
    const housekeeping = new Housekeeping({
      store,
      retention: { textDays: 2, cleanUpMinutes: 10 },
      isQuiet: () => false,
      dropCaches: async () => undefined,
      log: createLog('silent'),
      now: () => time,
    });
    await housekeeping.start();
    await housekeeping.stop();
    return (await store.generations.byId(id))?.prompt;
  };
  expect(await sweepAt(now)).toBe('from the future');
  expect(await sweepAt(now + 4 * DAY_MS)).toBe('');
});

it('takes a training up again by what passed, not by the clock', async () => {
  const { trainingJobs } = temporary.store;
  for (const job of await trainingJobs.open()) await trainingJobs.cancel(job.id);
  const member = await newMember(temporary.store);
  await trainingJobs.queue(member.id);
  let claim = (await trainingJobs.claim()) as Claim;
  await trainingJobs.fail(claim.job, { error: 'no luck', durationMs: 1, retryAfterMs: 60_000 });
  expect(await trainingJobs.claim()).toBeNull();
  clock.set(-5 * DAY_MS);
  claim = (await trainingJobs.claim()) as Claim;
  expect(claim.job.attempts).toBe(2);
});

it('takes only those for dead that do not count while time passes here', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palate-clocks-'));
  const engine = await openPglite(folder);
  await applyMigrations(engine, await readMigrations());
  const run = (sql: string) => engine.query(sql);
  for (const name of ['dead', 'alive', 'again']) {
    await run(`INSERT INTO members (id, platform, external_id) VALUES (gen_random_uuid(), 'test', '${name}')`);
    await run(`INSERT INTO training_jobs (id, member_id, status, attempts, beats, error)
      SELECT gen_random_uuid(), id, 'RUNNING', 1, 3, '${name}' FROM members WHERE external_id = '${name}'`);
  }
  let ticks = 0;
  const silent = new SilentTrainings(60_000, () => ticks);
  const names = new Map((await run('SELECT id, error FROM training_jobs')).map(({ id, error }) => [id, error]));
  const find = async () => (await silent.find(engine)).map(({ id }) => names.get(id));
  for (; ticks < 60_000; ticks += 5_000) {
    step();
    expect(await find()).toEqual([]);
    if (ticks % 20_000 === 0) await run(`UPDATE training_jobs SET beats = beats + 1 WHERE error = 'alive'`);
    if (ticks === 30_000) await run(`UPDATE training_jobs SET attempts = 2 WHERE error = 'again'`);
  }
  expect(await find()).toEqual(['dead']);
  await engine.close();
  await rm(folder, { recursive: true });
});
