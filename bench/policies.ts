/**
 * What the policies around a vote are worth, on synthetic members whose taste is a known direction: votes that are slips, votes on many
 * candidates, and what to show beside the personal reply. No language model: only the learning runs. Each table sets the policy
 * beside doing without it, on the same members and draws; the numbers are the cosine between the learned mean and the taste.
 */
import { Random } from '../src/common/random.js';
import { holdOut, weighByAgreement } from '../src/learning/agreement.js';
import { type PersonalEncoder, priorEncoder } from '../src/learning/encoder.js';
import { exploringEncoder } from '../src/learning/exploration.js';
import { GATE_MINIMUM } from '../src/learning/gate.js';
import { fitEncoder, gatherEvidence, type PreferencePair } from '../src/learning/latent-dpo.js';
import { pairWeight } from '../src/learning/votes.js';
import { mean } from './statistics.js';
import { cosine, type LatentTaste, type Liked, latentTaste } from './synthetic-member.js';

type Table = Record<string, string>[];

export function benchPolicies({ members }: { members: number }): void {
  const names = Array.from({ length: members }, (_, i) => `member ${i}`);
  print('Flipped verdicts (best of four): every verdict alike, or by agreement', flippedVotes(names));
  print('Verdicts on two and on eight candidates together: weight of a pair', manyCandidates(names));
  print('Beside the personal reply: a prior draw, or one that leans; liking is the mean of both replies', shown(names));
}

function flippedVotes(names: readonly string[]): Table {
  const rows: Table = [];
  for (const count of [20, 50, 100]) {
    for (const flips of [0, 0.1, 0.2, 0.3, 0.4]) {
      const results = names.map((name) => {
        const taste = latentTaste(name);
        const random = new Random(`${name}/flips`);
        const verdicts = Array.from({ length: count }, () => {
          const pairs = against(best(Array.from({ length: 4 }, () => taste.reply(null))));
          return random.uniform() < flips ? pairs.map(turned) : pairs;
        });
        const evidence = gatherEvidence(verdicts.flat(), name);
        const weighed = weighByAgreement(evidence, verdicts, holdOut(verdicts, name, evidence));
        return [evidence, weighed].map((of) => cosine(fitEncoder(of).encoder.mean, taste.direction));
      });
      rows.push({ verdicts: `${count}`, flipped: `${100 * flips} %`, ...columns(['alike', 'agreement'], results) });
    }
  }
  return rows;
}

function manyCandidates(names: readonly string[]): Table {
  return [
    [10, 3],
    [25, 10],
    [40, 5],
    [20, 20],
  ].map(([ofTwo, ofEight]) => {
    const results = names.map((name) => {
      const taste = latentTaste(name);
      const verdicts = [...new Array<number>(ofTwo).fill(2), ...new Array<number>(ofEight).fill(8)].map((candidates) =>
        against(best(Array.from({ length: candidates }, () => taste.reply(null)))),
      );
      return [() => 1, (n: number) => 1 / (n - 1), pairWeight].map((weightOf) => {
        const pairs = verdicts.flatMap((of) => of.map((pair) => ({ ...pair, weight: weightOf(of.length + 1) })));
        return cosine(fitEncoder(gatherEvidence(pairs, name)).encoder.mean, taste.direction);
      });
    });
    return { 'of two': `${ofTwo}`, 'of eight': `${ofEight}`, ...columns(['alike', '1/(n-1)', '1/√(n-1)'], results) };
  });
}

function shown(names: readonly string[]): Table {
  const counts = [5, 10, 20, 50];
  const policies = { 'prior draw': priorLike, leaning: exploringEncoder };
  return Object.entries(policies).map(([policy, exploring]) => {
    const lives = names.map((name) => live(latentTaste(name), exploring, counts));
    const at = columns(
      counts.map((count) => `${count} votes`),
      lives.map(({ cosines }) => cosines),
    );
    return { policy, ...at, liking: mean(lives.map(({ liking }) => liking)).toFixed(2) };
  });
}

const priorLike = (encoder: PersonalEncoder): PersonalEncoder => priorEncoder(encoder.mean.length);

/** A member's votes between a personal and an exploring reply, the encoder trained again after each of the first and every fourth. */
function live(taste: LatentTaste, exploring: typeof exploringEncoder, counts: readonly number[]) {
  let encoder = priorEncoder(taste.direction.length);
  const verdicts: PreferencePair[][] = [];
  const [cosines, likings]: [number[], number[]] = [[], []];
  for (let vote = 1; vote <= Math.max(...counts); vote++) {
    const learned = encoder.capacity !== 'PRIOR';
    const replies = [taste.reply(learned ? encoder : null, 0.3), taste.reply(exploring(encoder, verdicts.length), 1)];
    likings.push(mean(replies.map(({ along }) => along)));
    verdicts.push(against(best(replies)));
    if (vote > 10 && vote % 4 > 0 && !counts.includes(vote)) continue;
    const evidence = gatherEvidence(verdicts.flat(), 1);
    const judged = vote >= GATE_MINIMUM;
    encoder = fitEncoder(
      judged ? weighByAgreement(evidence, verdicts, holdOut(verdicts, 1, evidence)) : evidence,
    ).encoder;
    if (counts.includes(vote)) cosines.push(cosine(encoder.mean, taste.direction));
  }
  return { cosines, liking: mean(likings) };
}

/** The best first. */
const best = (replies: readonly Liked[]): Liked[] => [...replies].sort((a, b) => b.liking - a.liking);

const against = ([chosen, ...others]: readonly Liked[]): PreferencePair[] =>
  others.map(({ posterior }) => ({ chosen: chosen.posterior, rejected: posterior, weight: 1 }));

const turned = ({ chosen, rejected, weight }: PreferencePair): PreferencePair => ({
  chosen: rejected,
  rejected: chosen,
  weight,
});

function columns(titles: readonly string[], results: readonly (readonly number[])[]): Record<string, string> {
  return Object.fromEntries(titles.map((title, i) => [title, mean(results.map((row) => row[i])).toFixed(3)]));
}

function print(title: string, rows: Table): void {
  console.log(`\n${title}`);
  console.table(rows);
}
