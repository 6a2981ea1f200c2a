/** What votes have left behind, whoever cast them: for tests that say that nothing was counted. */
import type { Ballot } from '../../bots/kit/index.js';
import type { MemberRef } from '../../src/client/index.js';
import type { PluginFixture } from '../plugins/fixture.js';

const STORED = `query ($id: ID!, $after: String, $member: MemberRef!) {
  generations(memberId: $id, first: 100, after: $after) {
    nodes { feedback(member: $member) { verdict state } }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  nodes: { feedback: { verdict: string; state: string } | null }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/**
 * The verdicts that any of the members gave on anything that was written for any of them, those that wait and those that were taken back
 * among them; and the ballots of anybody at all that say something or ever did.
 */
export async function storedVotes(place: PluginFixture, plugin: string, refs: readonly MemberRef[]): Promise<string[]> {
  const found: string[] = [];
  for (const asker of refs) {
    const id = (await place.admin.member(asker))?.id;
    for (const member of id === undefined ? [] : refs) {
      for (let after: string | null = null, more = true; more; ) {
        const { generations } = (await place.admin.request(STORED, { id, after, member })) as { generations: Page };
        for (const { feedback } of generations.nodes) {
          if (feedback) found.push(`${member.externalId}: ${feedback.verdict} ${feedback.state}`);
        }
        ({ hasNextPage: more, endCursor: after } = generations.pageInfo);
      }
    }
  }
  for (const { key, value } of await place.rowsOf(plugin)) {
    if (!key.startsWith('ballot/')) continue;
    const { given, recorded, confirmed }: Ballot = JSON.parse(value);
    if (given.length > 0 || recorded || confirmed > 0) found.push(`${key}: ${given.map(({ mark }) => mark).join(' ')}`);
  }
  return found;
}
