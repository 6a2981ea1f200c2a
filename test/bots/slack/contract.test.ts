/** The Slack bot as a plugin like any other, inside the service and in a process of its own. */
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { describePlugin } from '../../contract/plugin-contract.js';
import { type Slack, startSlack } from '../../fakes/slack/server.js';
import type { PluginFixture } from '../../plugins/fixture.js';
import { PATIENCE_MS, QUICK, SCOPES } from './fixture.js';

let slack: Slack;
beforeAll(async () => {
  slack = await startSlack({ tiers: QUICK, delivery: { retryMs: [200, 2_000, 8_000] } });
});
afterAll(() => slack.stop());

/** Somebody asks in a workspace, likes the first reply, and the service has it on record. */
async function useSlack({ admin }: PluginFixture): Promise<void> {
  const { world, people } = slack;
  const team = [...world.teams.values()][0];
  const install = world.installIn(team.id);
  const ada = world.addUser(team, 'ada');
  const channel = world.addChannel(team, 'general', [ada]);
  channel.members.add(install?.botUserId ?? '');
  const question = people.say(ada, channel.id, `<@${install?.botUserId}> hello`);
  const reply = await slack.until('the reply', () =>
    world.thread(channel.id, question.ts).find(({ reactions }) => reactions.size === 5),
  );
  people.react(ada, reply, 'a');
  const verdicts = async () => {
    const member = await admin.member({ platform: 'slack', externalId: ada.id, scope: team.id });
    return member ? (await admin.feedback(member.id)).nodes : [];
  };
  await vi.waitFor(async () => expect(await verdicts()).toHaveLength(1), { timeout: PATIENCE_MS, interval: 50 });
  expect((await verdicts())[0].verdict).toBe('CHOSEN');
}

describePlugin({
  source: 'slack',
  name: 'slack',
  settings: () => {
    const [install] = slack.world.installs;
    const { token } = install ?? slack.world.install(slack.world.addTeam('home'), SCOPES);
    return { botToken: token, appToken: slack.secrets.appToken, api: slack.api, maxTokens: '12', askConsent: 'false' };
  },
  refused: { port: '70000' },
  use: useSlack,
});
