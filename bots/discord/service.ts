/** What the bot asks of the service beside replies and votes: a member's rights, over GraphQL. */
import type { Member, MemberRef, PalateClient } from '../../src/client/index.js';

export const PLATFORM = 'discord';

export function memberOf(userId: string): MemberRef {
  return { platform: PLATFORM, externalId: userId };
}

/** Verdicts of members who were not asked wait until they agree. */
export async function askFirst(client: PalateClient): Promise<void> {
  const document = `mutation ($name: String!) { setPlatform(name: $name, input: { asksConsent: true }) { asksConsent } }`;
  await client.request(document, { name: PLATFORM });
}

export async function setConsent(
  client: PalateClient,
  memberId: string,
  input: { learn?: boolean; community?: boolean },
): Promise<Member['consent']> {
  const document = `mutation ($memberId: ID!, $input: ConsentInput!) {
    setConsent(memberId: $memberId, input: $input) { consent { learn community } }
  }`;
  const data = await client.request(document, { memberId, input });
  return (data.setConsent as Pick<Member, 'consent'>).consent;
}

export async function rollBack(client: PalateClient, memberId: string, version: number): Promise<void> {
  const document = `mutation ($memberId: ID!, $version: Int!) { rollbackMember(memberId: $memberId, version: $version) { id } }`;
  await client.request(document, { memberId, version });
}

/** The receipt's id. */
export async function forgetMember(client: PalateClient, memberId: string): Promise<string> {
  const document = `mutation ($memberId: ID!) { forgetMember(memberId: $memberId) { id } }`;
  const data = await client.request(document, { memberId });
  return (data.forgetMember as { id: string }).id;
}

export async function exportTaste(client: PalateClient, memberId: string): Promise<string> {
  const document = `mutation ($memberId: ID!) { exportTaste(memberId: $memberId) { data } }`;
  const data = await client.request(document, { memberId });
  return (data.exportTaste as { data: string }).data;
}
