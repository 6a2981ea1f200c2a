/** A member's rights as the contract gives them, over real services: what each scope may, and what it is answered. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADA, BOB, EVE, type GatewayFixture, openGatewayFixture } from './fixture.js';
import { KEY } from './harness.js';

const FORGET = `mutation ($id: ID!) {
  forgetMember(memberId: $id) { id memberId platform forgottenAt cleanUpBy cleanedAt retrained removed { kind count } remaining { count } }
}`;
const RECEIPT = 'query ($id: ID!) { deletionReceipt(id: $id) { memberId cleanedAt remaining { kind count } } }';
const CONSENT = `mutation ($id: ID!, $input: ConsentInput!) {
  setConsent(memberId: $id, input: $input) { consent { learn community } encoder { verdictCount } }
}`;
const ROLLBACK =
  'mutation ($id: ID!, $version: Int!) { rollbackMember(memberId: $id, version: $version) { encoder { version verdictCount } } }';
const EXPORT = 'mutation ($id: ID!) { exportTaste(memberId: $id) { data model checkpoint version } }';
const IMPORT =
  'mutation ($id: ID!, $data: String!) { importTaste(memberId: $id, data: $data) { encoder { capacity verdictCount } } }';
const PLATFORM = 'query ($name: String!) { platform(name: $name) { name asksConsent } }';
const SET_PLATFORM =
  'mutation ($name: String!, $asks: Boolean) { setPlatform(name: $name, input: { asksConsent: $asks }) { asksConsent } }';

describe('rights in the contract', () => {
  let world: GatewayFixture;
  let north: string;
  let south: string;
  beforeAll(async () => {
    world = await openGatewayFixture();
    north = (await world.botKey('north')).secret;
    south = (await world.botKey('south')).secret;
  });
  afterAll(() => world.close());

  const codeOf = ({ errors }: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
    errors?.[0]?.extensions?.code;

  it('a member consents, rolls back and takes a taste along; nobody else’s bot does it for them', async () => {
    const ada = await world.belongings(ADA);
    await world.fixture.trained(ada.memberId);
    const token = await world.token(ADA);
    const id = ada.memberId;
    for (const [query, variables] of [
      [CONSENT, { id, input: { learn: false } }],
      [ROLLBACK, { id, version: 0 }],
      [EXPORT, { id }],
      [IMPORT, { id, data: 'x' }],
      [FORGET, { id }],
    ] as const) {
      for (const key of [south, await world.token(EVE)]) {
        expect([query, codeOf(await world.post(key, query, variables))]).toEqual([query, 'NOT_FOUND']);
      }
    }
    const exported = await world.post(token, EXPORT, { id });
    expect(exported.data?.exportTaste).toMatchObject({ version: 1, model: 'ab'.repeat(32) });
    const back = await world.post(token, ROLLBACK, { id, version: 0 });
    expect(back.data?.rollbackMember.encoder.verdictCount).toBe(0);
    await world.fixture.trained(id);
    const data: string = exported.data?.exportTaste.data;
    expect((await world.post(token, IMPORT, { id, data })).data?.importTaste).toBeDefined();
    await world.fixture.trained(id);
    const member = await world.post(token, '{ viewer { member { encoder { capacity verdictCount } } } }');
    expect(member.data?.viewer.member.encoder).toEqual({ capacity: 'BIAS', verdictCount: 0 });
    const consent = await world.post(token, CONSENT, { id, input: { learn: true, community: true } });
    expect(consent.data?.setConsent.consent).toEqual({ learn: 'GRANTED', community: true });
  });

  it('a forgotten member is gone for everybody, their token included; the receipt proves it', async () => {
    const bob = await world.belongings(BOB);
    const token = await world.token(BOB);
    const forgotten = await world.post(north, FORGET, { id: bob.memberId });
    const receipt = forgotten.data?.forgetMember;
    expect(receipt).toMatchObject({ memberId: bob.memberId, platform: 'north', retrained: 0 });
    expect(receipt.removed).toContainEqual({ kind: 'GENERATION', count: 1 });
    expect(receipt.remaining.every(({ count }: { count: number }) => count === 0)).toBe(true);
    expect(Date.parse(receipt.cleanUpBy)).toBe(Date.parse(receipt.forgottenAt) + 600_000);
    for (const [key, query, variables] of [
      [KEY, 'query ($id: ID!) { memberById(id: $id) { id } }', { id: bob.memberId }],
      [KEY, 'query ($id: ID!) { generation(id: $id) { id } }', { id: bob.generationId }],
      [KEY, 'query ($id: ID!) { trainingJob(id: $id) { id } }', { id: bob.jobId }],
    ] as const) {
      const { data, errors } = await world.post(key, query, variables);
      expect([Object.values(data ?? {}), errors]).toEqual([[null], undefined]);
    }
    const left = await world.post(token, '{ viewer { member { id } } }');
    expect(left.data?.viewer?.member ?? null).toBeNull();
    expect(codeOf(await world.post(north, FORGET, { id: crypto.randomUUID() }))).toBe('NOT_FOUND');
    // The receipt: for admins and the platform's bot.
    const seen = async (key: string) => (await world.post(key, RECEIPT, { id: receipt.id })).data?.deletionReceipt;
    expect(await seen(KEY)).toMatchObject({ memberId: bob.memberId });
    expect(await seen(north)).toMatchObject({ memberId: bob.memberId });
    expect(await seen(south)).toBeNull();
    expect(codeOf(await world.post(await world.token(ADA), RECEIPT, { id: receipt.id }))).toBe('FORBIDDEN');
    // Somebody who writes again under the same name is somebody new.
    expect((await world.belongings(BOB)).memberId).not.toBe(bob.memberId);
  });

  it('a bot makes its own platform ask first; only an admin ends that', async () => {
    expect((await world.post(south, PLATFORM, { name: 'south' })).data?.platform).toEqual({
      name: 'south',
      asksConsent: false,
    });
    for (const key of [north, await world.token(EVE)]) {
      expect(codeOf(await world.post(key, PLATFORM, { name: 'south' }))).toBe('FORBIDDEN');
      expect(codeOf(await world.post(key, SET_PLATFORM, { name: 'south', asks: true }))).toBe('FORBIDDEN');
    }
    const asks = (key: string, value: boolean) => world.post(key, SET_PLATFORM, { name: 'south', asks: value });
    expect((await asks(south, true)).data?.setPlatform.asksConsent).toBe(true);
    expect(codeOf(await asks(south, false))).toBe('FORBIDDEN');
    const generate = `mutation ($member: MemberRef!) {
      generate(input: { member: $member, prompt: "Hello", maxTokens: 4 }) { id candidates { id } }
    }`;
    const generation = (await world.post(south, generate, { member: EVE })).data?.generate;
    const vote = `mutation ($id: ID!, $candidate: ID!) {
      submitFeedback(input: { generationId: $id, verdict: CHOSEN, chosenCandidateId: $candidate }) {
        feedback { state member { id } } trainingJob { id }
      }
    }`;
    const voted = await world.post(south, vote, { id: generation.id, candidate: generation.candidates[0].id });
    expect(voted.data?.submitFeedback).toMatchObject({ feedback: { state: 'HELD' }, trainingJob: null });
    const id = voted.data?.submitFeedback.feedback.member.id;
    await world.post(await world.token(EVE), CONSENT, { id, input: { learn: true } });
    const counted = async () =>
      (await world.post(KEY, 'query ($id: ID!) { memberById(id: $id) { encoder { verdictCount } } }', { id })).data
        ?.memberById.encoder.verdictCount;
    await vi.waitUntil(async () => (await counted()) > 0, 120_000);
    expect((await asks(KEY, false)).data?.setPlatform.asksConsent).toBe(false);
  });

  it('says what is wrong with what is asked for', async () => {
    const { memberId: id } = await world.belongings(ADA);
    await world.fixture.trained(id);
    expect(codeOf(await world.post(KEY, ROLLBACK, { id, version: 99 }))).toBe('NOT_FOUND');
    expect(codeOf(await world.post(KEY, IMPORT, { id, data: 'no taste' }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await world.post(KEY, PLATFORM, { name: '' }))).toBe('BAD_USER_INPUT');
    expect(codeOf(await world.post(KEY, CONSENT, { id: 'nobody', input: {} }))).toBe('NOT_FOUND');
    expect((await world.post(KEY, RECEIPT, { id: 'none' })).data).toEqual({ deletionReceipt: null });
  });
});
