/**
 * What the verdict ledger should be after any sequence of votes, withdrawals, answers about consent, rollbacks, forgettings, trainings,
 * steps of the clock and crashes: plain maps, without a database and without a clock. People are numbered and stay themselves when they are forgotten; their member row is then made anew by their next vote.
 */
import type { FeedbackState, Verdict } from '../../src/contract/generated/types.js';

export interface ModelVerdict {
  id: string;
  verdict: Verdict;
  chosenCandidateId: string | null;
  state: FeedbackState;
  /** The ledger's position: another one after every change. */
  position: bigint;
  /** Held because consent was taken back. */
  counted?: boolean;
}

export interface ModelVersion {
  positions: bigint[];
  /** The ledger's last position when it was made. */
  ledger: bigint;
}

export interface KeptAnswer {
  person: number;
  generation: string;
  input: string;
  answer: Omit<ModelVerdict, 'position'>;
}

export interface ModelGeneration {
  id: string;
  owner: number;
  candidates: string[];
}

export interface Model {
  people: number;
  generations: Map<string, ModelGeneration>;
  /** By `person/generation`. */
  ledger: Map<string, ModelVerdict>;
  keys: Map<string, KeptAnswer>;
  /** People of whom a training waits, or is in work. */
  waiting: Set<number>;
  working: Set<number>;
  /** Of each person: positions that each version was made of. */
  versions: Map<number, Map<number, ModelVersion>>;
  /** People who said yes or no. */
  learn: Map<number, boolean>;
}

export const entryOf = (person: number, generation: string) => `${person}/${generation}`;

export const trains = (verdict: ModelVerdict | undefined): boolean =>
  verdict?.state === 'ACTIVE' && ['CHOSEN', 'GOOD', 'BAD'].includes(verdict.verdict);

/** The person's entries, in order of generation id. */
export function entriesOf(model: Model, person: number): { generation: string; verdict: ModelVerdict }[] {
  return [...model.ledger]
    .filter(([entry]) => entry.startsWith(`${person}/`))
    .map(([entry, verdict]) => ({ generation: entry.slice(entry.indexOf('/') + 1), verdict }))
    .sort((a, b) => (a.generation < b.generation ? -1 : 1));
}

/** The newest version made of verdicts that are all active as they were; 0 where there is none. */
export function servingVersion(model: Model, person: number): number {
  const active = new Set(
    entriesOf(model, person)
      .filter(({ verdict }) => verdict.state === 'ACTIVE')
      .map(({ verdict }) => verdict.position),
  );
  const versions = [...(model.versions.get(person) ?? [])].filter(([, { positions }]) =>
    positions.every((position) => active.has(position)),
  );
  return Math.max(0, ...versions.map(([version]) => version));
}

/** In which state a verdict of the person begins. */
export const stateOf = (model: Model, person: number): FeedbackState =>
  model.learn.get(person) === false ? 'HELD' : 'ACTIVE';

/** The person says yes or no. Returns whether that changes what is learned from. */
export function answerConsent(model: Model, person: number, learn: boolean): boolean {
  model.learn.set(person, learn);
  let changed = false;
  for (const { verdict } of entriesOf(model, person)) {
    const before = trains(verdict);
    if (learn && verdict.state === 'HELD') Object.assign(verdict, { state: 'ACTIVE', counted: false });
    else if (!learn && verdict.state === 'HELD' && !verdict.counted) verdict.state = 'WITHDRAWN';
    else if (!learn && verdict.state === 'ACTIVE') Object.assign(verdict, { state: 'HELD', counted: true });
    changed ||= before !== trains(verdict);
  }
  return changed;
}

/** Back to what a version was made of; null: to before everything. */
export function rollBackTo(model: Model, person: number, version: ModelVersion | null): void {
  const { positions, ledger } = version ?? { positions: [], ledger: 0n };
  const begins = stateOf(model, person);
  for (const { verdict } of entriesOf(model, person)) {
    const inside = positions.includes(verdict.position);
    const teaches = ['CHOSEN', 'GOOD', 'BAD'].includes(verdict.verdict);
    if (['ACTIVE', 'HELD'].includes(verdict.state) && !inside && (teaches || verdict.position > ledger)) {
      verdict.state = 'ROLLED_BACK';
    } else if (verdict.state === 'ROLLED_BACK' && inside) {
      Object.assign(verdict, { state: begins, counted: begins === 'HELD' });
    }
  }
}

/** The person, its generations, what others said of them, and what they learned from that, are gone. */
export function forgetPerson(model: Model, person: number): void {
  const gone = [...model.generations.values()].filter(({ owner }) => owner === person).map(({ id }) => id);
  const isGone = (entry: string) => gone.some((id) => entry.endsWith(`/${id}`));
  const voters = new Set(
    [...model.ledger.keys()].filter(isGone).map((entry) => Number(entry.slice(0, entry.indexOf('/')))),
  );
  voters.delete(person);
  for (const entry of [...model.ledger.keys()]) {
    if (isGone(entry) || entry.startsWith(`${person}/`)) model.ledger.delete(entry);
  }
  for (const id of gone) model.generations.delete(id);
  for (const [key, kept] of model.keys) {
    if (kept.person === person || gone.includes(kept.generation)) model.keys.delete(key);
  }
  for (const set of [model.waiting, model.working]) set.delete(person);
  model.versions.delete(person);
  model.learn.delete(person);
  for (const voter of voters) {
    model.working.delete(voter);
    model.waiting.add(voter);
    const kept = new Set(entriesOf(model, voter).map(({ verdict }) => verdict.position));
    for (const [version, { positions }] of model.versions.get(voter) ?? []) {
      if (!positions.every((position) => kept.has(position))) model.versions.get(voter)?.delete(version);
    }
  }
}
