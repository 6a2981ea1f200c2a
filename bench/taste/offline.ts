/**
 * Methods compared without writing a word: what each learned from votes on the bank is asked about the bank's held-out replies. Takes
 * minutes where writing takes hours; ranking foretells writing only weakly, so this is for choosing what to try, not for claims.
 */
import type { BankPrompt } from './bank.js';
import { pairAccuracy } from './comparing.js';
import { type Cells, difference, type Estimate, estimate } from './crossed.js';
import { type TasteMember, type Voting, votesOf } from './members.js';
import type { Method, Policy } from './methods/method.js';

export interface OfflineOptions {
  counts: readonly number[];
  votings: readonly Voting[];
  methods: readonly Method[];
  /** The method that the others are set against. */
  reference: string;
}

export interface OfflineRow extends Voting {
  method: string;
  /** Votes that were asked for. */
  count: number;
  /** Share of held-out pairs in the order of A, and of B, pairs that they do not order left out. */
  a: Estimate;
  b: Estimate;
  /** `a` less the reference's, on the same votes. */
  gain: Estimate;
  /** Mean log-likelihood of the best of so many held-out candidates, in nats above choosing by lot: as the method says it, and at the best one scale for all members. */
  likelihood: number;
  scaledLikelihood: number;
  scale: number;
}

/** Multiples of a method's liking that are tried. */
const SCALES = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 12];

interface Told {
  a: number[];
  b: number[];
  /** For each of SCALES, the mean over the held-out choices. */
  likelihoods: number[];
}

/** The scores of a member's held-out replies, [prompt][reply]. */
interface Truth {
  a: number[][];
  b: number[][];
}

export async function compareOffline(
  bank: readonly BankPrompt[],
  members: readonly TasteMember[],
  options: OfflineOptions,
  onProgress: (row: OfflineRow) => void = () => {},
): Promise<OfflineRow[]> {
  const held = bank.filter(({ set }) => set === 'HELD_OUT');
  const truths = members.map((member): Truth => {
    const of = (scorer: TasteMember['a']) =>
      held.map(({ prompt, replies }) => replies.map((r) => scorer(r.text, prompt)));
    return { a: of(member.a), b: of(member.b) };
  });
  const rows: OfflineRow[] = [];
  for (const voting of options.votings) {
    for (const count of options.counts) {
      const votes = members.map((member) => votesOf(member, bank, count, voting));
      const told = new Map<string, Told[]>();
      for (const method of options.methods) {
        const ofMembers: Told[] = [];
        for (const [m, member] of members.entries()) {
          const policy = await method.fit(votes[m], { seed: member.name, taste: member.taste });
          ofMembers.push(ask(policy, held, truths[m], voting.candidates));
        }
        told.set(method.name, ofMembers);
      }
      for (const [method, ofMembers] of told) {
        const row = rowOf(method, ofMembers, told.get(options.reference) ?? ofMembers, members, voting, count);
        rows.push(row);
        onProgress(row);
      }
    }
  }
  return rows;
}

function ask({ likes }: Policy, held: readonly BankPrompt[], truth: Truth, candidates: number): Told {
  const liking = held.map(({ replies }) => replies.map((reply) => likes?.(reply) ?? 0));
  const groups = liking.flatMap((values, p) => choices(values, truth.a[p], candidates));
  return {
    a: liking.map((values, p) => pairAccuracy(values, truth.a[p])),
    b: liking.map((values, p) => pairAccuracy(values, truth.b[p])),
    likelihoods: SCALES.map((scale) => meanLikelihood(groups, scale)),
  };
}

/** Held-out candidates in groups, the liking of the best first; groups without a single best one are left out. */
function choices(liking: readonly number[], truth: readonly number[], size: number): number[][] {
  const groups: number[][] = [];
  for (let start = 0; start + size <= truth.length; start += size) {
    const of = truth.slice(start, start + size);
    const most = Math.max(...of);
    if (of.filter((score) => score === most).length > 1) continue;
    const best = start + of.indexOf(most);
    const others = of.map((_, i) => start + i).filter((i) => i !== best);
    groups.push([liking[best], ...others.map((i) => liking[i])]);
  }
  return groups;
}

/** Mean of log softmax(scale · liking) of the first, above log(1/n). */
function meanLikelihood(groups: readonly number[][], scale: number): number {
  if (groups.length === 0) return 0;
  const sum = groups.reduce((total, group) => {
    const ahead = group.map((value) => scale * (value - group[0]));
    const top = Math.max(...ahead);
    const all = top + Math.log(ahead.reduce((mass, value) => mass + Math.exp(value - top), 0));
    return total - all + Math.log(group.length);
  }, 0);
  return sum / groups.length;
}

function rowOf(
  method: string,
  told: readonly Told[],
  reference: readonly Told[],
  members: readonly TasteMember[],
  voting: Voting,
  count: number,
): OfflineRow {
  const weights = members.map(({ weight }) => weight);
  const cells = (of: readonly Told[], pick: (one: Told) => number[]): Cells => ({ values: of.map(pick), weights });
  const a = cells(told, (one) => one.a);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const likelihoods = SCALES.map(
    (_, s) => told.reduce((sum, one, m) => sum + weights[m] * one.likelihoods[s], 0) / total,
  );
  const best = likelihoods.indexOf(Math.max(...likelihoods));
  return {
    method,
    count,
    ...voting,
    a: estimate(a, 'offline'),
    b: estimate(
      cells(told, (one) => one.b),
      'offline',
    ),
    gain: estimate(
      difference(
        a,
        cells(reference, (one) => one.a),
      ),
      'offline',
    ),
    likelihood: likelihoods[SCALES.indexOf(1)],
    scaledLikelihood: likelihoods[best],
    scale: SCALES[best],
  };
}
