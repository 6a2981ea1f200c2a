/**
 * A gateway over real services and a real store, with members on two platforms: ada and bob are of north, eve of south. Keys are real
 * ones, asked for as anybody would.
 */

import { DEFAULT_LIMITS, type Limits } from '../../src/common/config.js';
import { createLog } from '../../src/common/log.js';
import type { MemberRef } from '../../src/contract/generated/types.js';
import {
  ADMIN,
  authenticateAdmin,
  authenticateAny,
  authenticateKeys,
  requireViewer,
  type Viewer,
} from '../../src/gateway/auth.js';
import { createGateway, type Gateway } from '../../src/gateway/gateway.js';
import { openServicesFixture, type ServicesFixture, type ServicesFixtureOptions } from '../services/fixture.js';
import { KEY } from './harness.js';

export interface Reply {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  data?: Record<string, any> | null;
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[];
}

/** What a member has, to be asked about. */
export interface Belongings {
  ref: MemberRef;
  memberId: string;
  generationId: string;
  candidateId: string;
  feedbackId: string;
  jobId: string;
}

export interface GatewayFixture {
  fixture: ServicesFixture;
  gateway: Gateway;
  url: string;
  /** The owner of a key, as the gateway sees it. */
  viewer(key: string): Promise<Viewer>;
  /** Asks inside the process, where subscriptions answer with their first event. */
  ask(viewer: Viewer, query: string, variables?: Record<string, unknown>): Promise<Reply>;
  /** Asks over HTTP. */
  post(
    key: string,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<Reply & { status: number; headers: Headers }>;
  /** A new generation of the member, with a verdict on it and the training that it led to. */
  belongings(ref: MemberRef): Promise<Belongings>;
  botKey(platform: string, name?: string): Promise<{ id: string; secret: string }>;
  token(ref: MemberRef): Promise<string>;
  close(): Promise<void>;
}

export const ADA: MemberRef = { platform: 'north', externalId: 'ada', scope: '' };
export const BOB: MemberRef = { platform: 'north', externalId: 'bob', scope: '' };
export const EVE: MemberRef = { platform: 'south', externalId: 'eve', scope: '' };

export async function openGatewayFixture(
  changes: Partial<Limits> = {},
  options: Pick<ServicesFixtureOptions, 'embedded'> = {},
): Promise<GatewayFixture> {
  const fixture = await openServicesFixture({ ...options, limits: changes });
  const { services } = fixture;
  const authenticate = authenticateAny(authenticateAdmin(KEY), authenticateKeys(services.keys));
  const gateway = createGateway({
    settings: { host: '127.0.0.1', port: 0, limits: { ...DEFAULT_LIMITS, ...changes }, allowedOrigins: [] },
    services,
    authenticate,
    log: createLog('silent'),
  });
  await gateway.start();
  const url = `http://127.0.0.1:${gateway.port}`;

  const post: GatewayFixture['post'] = async (key, query, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, headers: response.headers, ...((await response.json()) as Reply) };
  };
  return {
    fixture,
    gateway,
    url,
    viewer: (key) => requireViewer(authenticate, `Bearer ${key}`),
    ask: async (viewer, query, variables) => {
      const executor = gateway.executorFor(viewer);
      if (!query.startsWith('subscription')) return (await executor.execute({ query, variables })) as Reply;
      const events = executor.subscribe({ query, variables });
      const { value } = await events.next();
      await events.return();
      return value as Reply;
    },
    post,
    belongings: async (member) => {
      const started = await services.generations.start({ member, prompt: 'hello', maxTokens: 3, seed: 1 });
      const { id, memberId, candidates } = await started.finished;
      const chosenCandidateId = candidates[0].id;
      const vote = { generationId: id, verdict: 'CHOSEN' as const, chosenCandidateId };
      const { feedback, trainingJob } = await services.preferences.submit(vote);
      if (!trainingJob) throw new Error('The vote led to no training.');
      const ids = { generationId: id, candidateId: chosenCandidateId, feedbackId: feedback.id, jobId: trainingJob.id };
      return { ref: member, memberId, ...ids };
    },
    botKey: async (platform, name = `the bot of ${platform}`) => {
      const { key, secret } = await services.keys.create({ name, scope: 'BOT', platform });
      return { id: key.id, secret };
    },
    token: async (member) => {
      const query = 'mutation ($member: MemberRef!) { createMemberToken(member: $member) { token } }';
      const { data } = await post(KEY, query, { member });
      return data?.createMemberToken.token as string;
    },
    close: async () => {
      await gateway.stop();
      await fixture.close();
    },
  };
}

export { ADMIN };
