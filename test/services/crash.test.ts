import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import { openStore } from '../../src/store/store.js';
import { compiledOf } from '../support/compiled.mjs';
import { openServicesFixture } from './fixture.js';

const MEMBERS = 3;

interface Acknowledged {
  feedbackId: string;
  generationId: string;
  chosenCandidateId: string;
  memberId: string;
}

/** Lets a process vote in the folder, kills it without warning after `count` acknowledgements, and returns them. */
async function voteAndKill(folder: string, count: number): Promise<Acknowledged[]> {
  const script = compiledOf(fileURLToPath(new URL('./crash-child.ts', import.meta.url)));
  const child = spawn(process.execPath, [script, folder, String(MEMBERS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [feedbackId, generationId, chosenCandidateId, memberId] = line.split(' ');
    // The last line may be cut short by the kill.
    if (memberId?.length === 36) acknowledged.push({ feedbackId, generationId, chosenCandidateId, memberId });
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return acknowledged;
}

it('keeps every acknowledged verdict through kill -9, once, and the encoders catch up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'palate-crash-'));
  try {
    const acknowledged: Acknowledged[] = [];
    for (const count of [4, 9, 17]) acknowledged.push(...(await voteAndKill(folder, count)));
    expect(new Set(acknowledged.map(({ feedbackId }) => feedbackId)).size).toBe(acknowledged.length);

    const fixture = await openServicesFixture({ folder, embedded: true });
    const members = [...new Set(acknowledged.map(({ memberId }) => memberId))];
    expect(members).toHaveLength(MEMBERS);
    for (const memberId of members) {
      const { nodes, totalCount } = await fixture.services.preferences.list(memberId, 100);
      const kept = new Map(nodes.map((feedback) => [feedback.generationId, feedback]));
      expect(kept.size).toBe(totalCount);
      const told = acknowledged.filter((vote) => vote.memberId === memberId);
      for (const { feedbackId, generationId, chosenCandidateId } of told) {
        expect(kept.get(generationId)).toMatchObject({
          id: feedbackId,
          state: 'ACTIVE',
          chosen: { id: chosenCandidateId },
        });
      }
      // Each kill may come between a commit and its telling.
      expect(totalCount - told.length).toBeLessThanOrEqual(3);
      // A training whose end was not told before a kill is done again: then there is a version more of the same votes.
      const waiting = async () => {
        const { nodes } = await fixture.services.training.list(memberId, 100);
        return nodes.filter(({ status }) => status === 'QUEUED' || status === 'RUNNING');
      };
      await expect.poll(waiting).toEqual([]);
      const [version] = await fixture.services.members.versions(memberId, 1);
      expect(version).toMatchObject({ verdictCount: totalCount, pairCount: totalCount, capacity: 'BIAS' });
      // From ten votes on the quality gate may turn votes down that, like these, mean nothing: then the one before serves.
      const encoder = (await fixture.services.members.byId(memberId))?.encoder;
      if (version.accepted) expect(encoder).toMatchObject({ version: version.version, verdictCount: totalCount });
      else expect(encoder?.version).toBeLessThan(version.version);
    }
    await fixture.close();
    // Closed in order, the folder is free at once.
    await (await openStore({ data: folder }, createLog('silent'))).close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
