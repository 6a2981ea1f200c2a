/** What a platform shows a member as: said with the member, kept, shown, and forgotten with them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPalateClient, type Member, type MemberRef, type PalateClient } from '../../src/client/index.js';
import { ADA, BOB, type GatewayFixture, openGatewayFixture } from './fixture.js';
import { KEY } from './harness.js';

let world: GatewayFixture;
let admin: PalateClient;
let bot: PalateClient;
beforeAll(async () => {
  world = await openGatewayFixture({ generationsPerMinute: 1_000 });
  admin = createPalateClient({ url: world.url, key: KEY });
  bot = createPalateClient({ url: world.url, key: (await world.botKey('north')).secret });
});
afterAll(async () => {
  await admin.close();
  await bot.close();
  await world.close();
});

const ask = (member: MemberRef, key?: string) => bot.generate({ member, prompt: 'hello', maxTokens: 2, seed: 1, key });
const shown = async (ref: MemberRef) => ((await bot.member(ref)) as Member).displayName;

describe('a display name', () => {
  it('is null while nobody said one, and then what was said last', async () => {
    await ask(ADA);
    expect(await shown(ADA)).toBeNull();
    await ask({ ...ADA, displayName: 'Ada' });
    expect(await shown(ADA)).toBe('Ada');
    await ask(ADA);
    await ask({ ...ADA, displayName: null });
    expect(await shown(ADA)).toBe('Ada');
    await ask({ ...ADA, displayName: 'Ada 🎲 Lovelace' });
    expect(await shown(ADA)).toBe('Ada 🎲 Lovelace');
  });

  it('is said of a member who is new as well, and of voters and holders of tokens', async () => {
    const generation = await ask({ ...BOB, displayName: 'Bob' });
    expect((await admin.memberById(generation.member.id))?.displayName).toBe('Bob');
    const chosenCandidateId = generation.candidates[0].id;
    const vote = { generationId: generation.id, verdict: 'CHOSEN', chosenCandidateId } as const;
    await bot.submitFeedback({ ...vote, member: { ...BOB, displayName: 'Bobby' } });
    expect(await shown(BOB)).toBe('Bobby');
    await bot.createMemberToken({ ...BOB, displayName: 'Robert' });
    expect(await shown(BOB)).toBe('Robert');
  });

  it('is no part of who a member is, nor of what a key was given for', async () => {
    const generation = await ask({ ...ADA, displayName: 'Ada' }, 'once');
    expect(await ask({ ...ADA, displayName: 'Countess' }, 'once')).toEqual(generation);
    expect((await bot.member({ ...ADA, displayName: 'somebody else' }))?.id).toBe(generation.member.id);
    expect(await shown(ADA)).toBe('Ada');
  });

  it('has 1 to 256 characters that can be kept', async () => {
    const most = 'x'.repeat(256);
    await ask({ ...ADA, displayName: most });
    for (const displayName of ['', `${most}x`, 'A\u0000da', 'A\ud800da']) {
      await expect(ask({ ...ADA, displayName })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    }
    expect(await shown(ADA)).toBe(most);
  });

  it('goes with the member', async () => {
    const { id } = (await bot.member(ADA)) as Member;
    await bot.forgetMember(id);
    await ask(ADA);
    expect(await shown(ADA)).toBeNull();
  });
});
