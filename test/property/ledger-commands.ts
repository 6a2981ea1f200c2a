/** What may happen to the ledger, on the model and on the real one. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { FeedbackInput, Verdict } from '../../src/contract/generated/types.js';
import {
  answerConsent,
  entriesOf,
  entryOf,
  forgetPerson,
  type Model,
  type ModelVersion,
  rollBackTo,
  servingVersion,
  stateOf,
  trains,
} from './ledger-model.js';
import { DIGESTS, type LedgerWorld } from './ledger-world.js';

type Command = fc.AsyncCommand<Model, LedgerWorld>;

interface VoteShape {
  person: number;
  generation: number;
  verdict: Verdict;
  candidate: number;
  key: number | null;
}

/** A vote, or the same request once more: a first verdict, a replacement, a duplicate delivery, or a key that meant something else. */
class Vote implements Command {
  constructor(private readonly shape: VoteShape) {}

  check({ generations }: Readonly<Model>): boolean {
    return generations.size > 0;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const { person, verdict, key } = this.shape;
    const input = this.inputOf(model, world);
    const name = key === null ? null : `run ${world.run} key ${key}`;
    const sameInput = JSON.stringify([person, input.generationId, verdict, input.chosenCandidateId]);
    const kept = name === null ? undefined : model.keys.get(name);
    const asked = { ...input, key: name };
    if (kept && kept.input !== sameInput) {
      await expect(world.preferences.submit(asked)).rejects.toMatchObject({ code: 'CONFLICT' });
      return;
    }
    const { feedback, trainingJob } = await world.preferences.submit(asked);
    const state = kept?.answer.state ?? stateOf(model, person);
    const given = { verdict, chosenCandidateId: input.chosenCandidateId ?? null, state };
    expect(feedback).toMatchObject({ verdict, state });
    expect(feedback.chosen?.id ?? null).toBe(given.chosenCandidateId);
    if (kept) {
      expect(feedback.id).toBe(kept.answer.id);
      return;
    }
    const entry = entryOf(person, input.generationId);
    const before = model.ledger.get(entry);
    if (before) expect(feedback.id).toBe(before.id);
    const stored = await world.store.feedback.byId(feedback.id);
    const after = { id: feedback.id, ...given, position: stored?.position as bigint };
    const changed = trains(after) || trains(before);
    expect(trainingJob !== null).toBe(changed);
    model.ledger.set(entry, after);
    if (changed) model.waiting.add(person);
    if (name !== null) {
      model.keys.set(name, { person, generation: input.generationId, input: sameInput, answer: { ...after } });
    }
  }

  private inputOf({ generations }: Model, world: LedgerWorld): FeedbackInput & { generationId: string } {
    const all = [...generations.values()];
    const { id, candidates } = all[this.shape.generation % all.length];
    const chooses = ['CHOSEN', 'GOOD', 'BAD'].includes(this.shape.verdict);
    return {
      generationId: id,
      member: world.refOf(this.shape.person),
      verdict: this.shape.verdict,
      chosenCandidateId: chooses ? candidates[this.shape.candidate % candidates.length] : null,
    };
  }

  toString = () => `vote(${JSON.stringify(this.shape)})`;
}

class Withdraw implements Command {
  constructor(private readonly which: number) {}

  check({ ledger }: Readonly<Model>): boolean {
    return ledger.size > 0;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const [entry, before] = [...model.ledger][this.which % model.ledger.size];
    const { feedback, trainingJob } = await world.preferences.withdraw(before.id);
    expect(feedback).toMatchObject({ id: before.id, state: 'WITHDRAWN', verdict: before.verdict });
    expect(trainingJob !== null).toBe(trains(before));
    if (trains(before)) model.waiting.add(Number(entry.slice(0, entry.indexOf('/'))));
    const stored = await world.store.feedback.byId(before.id);
    model.ledger.set(entry, { ...before, state: 'WITHDRAWN', position: stored?.position as bigint });
  }

  toString = () => `withdraw(${this.which})`;
}

class Consent implements Command {
  constructor(
    private readonly person: number,
    private readonly learn: boolean,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const memberId = await world.memberId(this.person);
    if (memberId === null) return;
    const learn = this.learn ? ('GRANTED' as const) : ('DENIED' as const);
    const result = await world.store.consent.set(memberId, { learn }, { trainable: true });
    const changed = answerConsent(model, this.person, this.learn);
    expect(result !== null && result.job !== null).toBe(changed);
    if (changed) model.waiting.add(this.person);
  }

  toString = () => `consent(${this.person}, ${this.learn})`;
}

class Rollback implements Command {
  constructor(
    private readonly person: number,
    private readonly which: number,
  ) {}

  check({ versions }: Readonly<Model>): boolean {
    return (versions.get(this.person)?.size ?? 0) > 0;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const memberId = (await world.memberId(this.person)) as string;
    const targets: [number, ModelVersion | null][] = [[0, null], ...(model.versions.get(this.person) ?? [])];
    const [version, target] = targets[this.which % targets.length];
    const result = await world.store.consent.rollback(memberId, version, { trainable: true });
    expect(result).toMatchObject({ job: { status: 'QUEUED' } });
    rollBackTo(model, this.person, target);
    model.waiting.add(this.person);
  }

  toString = () => `rollback(${this.person}, ${this.which})`;
}

/** The machine's clock is set to another time, ahead or back. */
class SetClock implements Command {
  constructor(private readonly hours: number) {}

  check(): boolean {
    return true;
  }

  async run(_: Model, world: LedgerWorld): Promise<void> {
    world.setClock(this.hours * 3_600_000);
  }

  toString = () => `setClock(${this.hours} h)`;
}

class Forget implements Command {
  constructor(private readonly person: number) {}

  check(): boolean {
    return true;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const memberId = await world.memberId(this.person);
    const verdicts = entriesOf(model, this.person);
    const forgotten = await world.store.forgetting.forget(memberId ?? randomUUID(), { trainable: true });
    expect(forgotten === null).toBe(memberId === null);
    for (const { verdict } of verdicts) {
      await expect(world.preferences.withdraw(verdict.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    const gone = [...model.generations.values()].find(({ owner }) => owner === this.person);
    if (memberId !== null) world.claimed.delete(memberId);
    forgetPerson(model, this.person);
    if (gone) {
      const vote = { generationId: gone.id, verdict: 'TIE' as const, member: world.refOf(0) };
      await expect(world.preferences.submit(vote)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  }

  toString = () => `forget(${this.person})`;
}

/** A worker takes what has waited longest. */
class Claim implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const claim = await world.store.trainingJobs.claim();
    const due = [...model.waiting].filter((person) => !model.working.has(person));
    expect(claim === null).toBe(due.length === 0);
    if (!claim) return;
    const ids = new Map(await Promise.all(due.map(async (person) => [await world.memberId(person), person] as const)));
    const person = ids.get(claim.job.memberId) as number;
    expect(due).toContain(person);
    expect(claim.more).toBe(model.waiting.size > 1);
    model.waiting.delete(person);
    model.working.add(person);
    world.claimed.set(claim.job.memberId, claim.job);
  }

  toString = () => 'claim()';
}

/** A training in work ends: with a version of what is active now, or with a failure that is given up or tried again. */
class End implements Command {
  constructor(
    private readonly which: number,
    private readonly outcome: 'version' | 'given up' | 'again',
  ) {}

  check({ working }: Readonly<Model>): boolean {
    return working.size > 0;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    const person = [...model.working][this.which % model.working.size];
    const memberId = (await world.memberId(person)) as string;
    const job = world.claimed.get(memberId);
    if (!job) throw new Error('The model thinks that a training is in work.');
    world.claimed.delete(memberId);
    model.working.delete(person);
    const { trainingJobs, feedback } = world.store;
    if (this.outcome !== 'version') {
      const retryAfterMs = this.outcome === 'again' ? 0 : null;
      const failed = await trainingJobs.fail(job, { error: 'no luck', durationMs: 1, retryAfterMs });
      const joins = model.waiting.has(person);
      expect(failed?.status).toBe(this.outcome === 'given up' ? 'FAILED' : joins ? 'CANCELLED' : 'QUEUED');
      if (this.outcome === 'again') model.waiting.add(person);
      return;
    }
    const positions = (await feedback.trainingVerdicts(memberId)).map(({ position }) => position);
    const done = await trainingJobs.complete(job, versionOf(positions));
    const versions = model.versions.get(person) ?? new Map<number, ModelVersion>();
    let ledger = 0n;
    for (const { verdict } of entriesOf(model, person)) if (verdict.position > ledger) ledger = verdict.position;
    const version = Math.max(0, ...versions.keys()) + 1;
    expect(done).toMatchObject({ status: 'SUCCEEDED', encoderVersion: version });
    model.versions.set(person, versions.set(version, { positions, ledger }));
  }

  toString = () => `end(${this.which}, ${this.outcome})`;
}

class Crash implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    await world.crash();
    for (const person of model.working) model.waiting.add(person);
    model.working.clear();
  }

  toString = () => 'crash()';
}

/** The real ledger says what the model says. */
class Compare implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, world: LedgerWorld): Promise<void> {
    for (let person = 0; person < model.people; person++) await comparePerson(model, world, person);
  }

  toString = () => 'compare()';
}

export async function comparePerson(model: Model, world: LedgerWorld, person: number): Promise<void> {
  const { feedback, encoders, trainingJobs } = world.store;
  const memberId = (await world.memberId(person)) ?? randomUUID();
  const entries = entriesOf(model, person);
  const active = entries.filter(({ verdict }) => verdict.state === 'ACTIVE');
  const shown = ({ rows }: { rows: { id: string; generationId: string }[] }) =>
    rows.map(({ id, generationId }) => `${id} ${generationId}`).sort();
  expect(shown(await feedback.listActive(memberId, { first: 100 }))).toEqual(
    active.map(({ generation, verdict }) => `${verdict.id} ${generation}`).sort(),
  );
  for (const { generation, verdict } of entries) {
    const { counted: _, ...shown } = verdict;
    expect(await feedback.ofMember(memberId, generation)).toMatchObject(shown);
  }
  expect(
    (await feedback.trainingVerdicts(memberId)).map(({ generationId, position }) => [generationId, position]),
  ).toEqual(
    active.filter(({ verdict }) => trains(verdict)).map(({ generation, verdict }) => [generation, verdict.position]),
  );
  const open = (await trainingJobs.open()).filter((job) => job.memberId === memberId).map(({ status }) => status);
  expect(open.sort()).toEqual([
    ...(model.waiting.has(person) ? ['QUEUED'] : []),
    ...(model.working.has(person) ? ['RUNNING'] : []),
  ]);
  expect((await encoders.serving(memberId, DIGESTS))?.version ?? 0).toBe(servingVersion(model, person));
}

function versionOf(positions: bigint[]) {
  return {
    capacity: positions.length > 0 ? ('BIAS' as const) : ('PRIOR' as const),
    bytes: Uint8Array.of(1, 2, 3),
    digest: 'digest',
    digests: DIGESTS,
    tasteDigest: '',
    accepted: true,
    reason: null,
    positions: [...positions].sort((a, b) => (a < b ? -1 : 1)),
    pairCount: positions.length,
    loss: null,
    accuracy: null,
    totalSteps: 1,
    durationMs: 1,
  };
}

/** Sequences of commands by `people` people; votes come most, crashes seldom. */
export function ledgerCommands(people: number, maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  const person = fc.nat(people - 1);
  const vote = fc
    .record({
      person,
      generation: fc.nat(20),
      verdict: fc.constantFrom<Verdict[]>('CHOSEN', 'CHOSEN', 'TIE', 'ALL_BAD', 'GOOD', 'BAD'),
      candidate: fc.nat(3),
      key: fc.option(fc.nat(4)),
    })
    .map((shape) => new Vote(shape));
  const end = fc
    .tuple(fc.nat(5), fc.constantFrom('version' as const, 'version' as const, 'given up' as const, 'again' as const))
    .map(([which, outcome]) => new End(which, outcome));
  const seldom = fc.oneof(
    person.map((who) => new Forget(who)),
    fc.constant(new Crash()),
  );
  const consent = fc.tuple(person, fc.boolean()).map(([who, learn]) => new Consent(who, learn));
  const rollback = fc.tuple(person, fc.nat(5)).map(([who, which]) => new Rollback(who, which));
  const clock = fc.integer({ min: -50, max: 50 }).map((hours) => new SetClock(hours));
  const withdraw = fc.nat(20).map((which) => new Withdraw(which));
  const [claim, compare] = [fc.constant(new Claim()), fc.constant(new Compare())];
  const often = [vote, vote, vote, vote, vote, withdraw, withdraw, claim, claim, claim, end, end, end];
  return fc.commands([...often, consent, rollback, clock, clock, compare, seldom], { maxCommands, size: 'max' });
}
