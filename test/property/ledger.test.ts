import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newGeneration } from '../store/temporary-store.js';
import { comparePerson, ledgerCommands } from './ledger-commands.js';
import type { Model, ModelGeneration } from './ledger-model.js';
import { LedgerWorld } from './ledger-world.js';

const PEOPLE = 3;
const RUNS = 12;

let world: LedgerWorld;
beforeAll(async () => {
  world = await LedgerWorld.open();
});
afterAll(() => world.close());

/** Fresh people on the same store, the first two with two generations each. */
async function begin(): Promise<Model> {
  world.run++;
  world.claimed.clear();
  const generations = new Map<string, ModelGeneration>();
  for (const owner of [0, 0, 1, 1]) {
    const member = await world.store.members.ensure(world.refOf(owner));
    const { id, candidates } = await newGeneration(world.store, member.id);
    generations.set(id, { id, owner, candidates: candidates.map((candidate) => candidate.id) });
  }
  const model = { people: PEOPLE, generations, ledger: new Map(), keys: new Map(), versions: new Map() };
  return { ...model, waiting: new Set(), working: new Set(), learn: new Map() };
}

/** Nothing of this run may wait when the next one claims. */
async function end(): Promise<void> {
  for (const { id } of await world.store.trainingJobs.open()) await world.store.trainingJobs.cancel(id);
}

it('is what the model says after any votes, answers, rollbacks, forgettings, trainings, crashes and steps of the clock', async () => {
  await fc.assert(
    fc.asyncProperty(ledgerCommands(PEOPLE, 80), async (commands) => {
      let model: Model | undefined;
      try {
        await fc.asyncModelRun(async () => {
          model = await begin();
          return { model, real: world };
        }, commands);
        for (let person = 0; person < PEOPLE; person++) await comparePerson(model as Model, world, person);
      } finally {
        await end();
      }
    }),
    { numRuns: RUNS, seed: 20250601, endOnFailure: true },
  );
});

it('would notice a ledger that is not what the model says', async () => {
  const model = await begin();
  const [generation] = [...model.generations.values()];
  model.ledger.set(`0/${generation.id}`, {
    id: randomUUID(),
    verdict: 'TIE',
    chosenCandidateId: null,
    state: 'ACTIVE',
    position: 1n,
  });
  await expect(comparePerson(model, world, 0)).rejects.toThrow();
});
