/** auth.test, bots.info, views.* and assistant.threads.*. */
import { blockProblems } from '../blocks.js';
import type { Wire } from '../types.js';
import { type Call, joinedChannel, type Method, messageOf, Refusal } from './method.js';

const authTest: Method = {
  run({ world, install }) {
    const team = world.teams.get(install.teamId ?? '') ?? [...world.teams.values()][0];
    return {
      url: world.url,
      team: team.name,
      user: 'palate',
      team_id: install.teamId ?? install.enterpriseId,
      user_id: install.botUserId,
      bot_id: install.botId,
      ...(install.enterpriseId && { enterprise_id: install.enterpriseId }),
      is_enterprise_install: install.teamId === null,
    };
  },
};

const botsInfo: Method = {
  scopes: ['users:read'],
  needs: ['bot'],
  run({ world, install, args }) {
    if (args.bot !== install.botId) throw new Refusal('bot_not_found');
    return { bot: { id: install.botId, user_id: install.botUserId, name: 'palate', app_id: world.secrets.appId } };
  },
};

function view({ args }: Call, type: string): Wire {
  const given = args.view as Wire;
  if (given.type !== type) throw new Refusal('invalid_arguments');
  const messages = blockProblems(given.blocks, 100);
  if (messages.length > 0) throw new Refusal('invalid_arguments', { response_metadata: { messages } });
  return given;
}

const publish: Method = {
  needs: ['user_id', 'view'],
  run(call) {
    const user = call.world.users.get(call.args.user_id);
    if (!user || call.world.installIn(user.teamId) !== call.install) throw new Refusal('user_not_found');
    const published = { ...view(call, 'home'), id: call.world.id('V') };
    call.world.homes.set(user.id, published);
    call.world.changed();
    return { view: published };
  },
};

const assistant = ['assistant:write', 'chat:write'];

const setStatus: Method = {
  scopes: assistant,
  needs: ['channel_id', 'thread_ts'],
  run(call) {
    const { channel_id, thread_ts, status } = call.args;
    const channel = joinedChannel({ ...call, args: { channel: channel_id } });
    messageOf(call, channel, thread_ts, 'thread_not_found');
    call.world.statuses.push({ channel: channel_id, threadTs: thread_ts, status: status ?? '' });
    call.world.changed();
    return {};
  },
};

const setTitle: Method = {
  scopes: ['assistant:write'],
  needs: ['channel_id', 'thread_ts', 'title'],
  run(call) {
    const { channel_id, thread_ts, title } = call.args;
    call.world.titles.push({ channel: channel_id, threadTs: thread_ts, title });
    return {};
  },
};

const setSuggestedPrompts: Method = {
  scopes: ['assistant:write'],
  needs: ['channel_id', 'prompts'],
  run(call) {
    const prompts = call.args.prompts as Wire[];
    if (prompts.length < 1 || prompts.length > 4) throw new Refusal('invalid_arguments');
    call.world.prompts.push({ channel: call.args.channel_id, threadTs: call.args.thread_ts, prompts });
    call.world.changed();
    return {};
  },
};

export const APP: Readonly<Record<string, Method>> = {
  'auth.test': authTest,
  'bots.info': botsInfo,
  'views.publish': publish,
  'assistant.threads.setStatus': setStatus,
  'assistant.threads.setTitle': setTitle,
  'assistant.threads.setSuggestedPrompts': setSuggestedPrompts,
};
