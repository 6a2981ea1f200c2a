/** conversations.*, users.* and reactions.*. */
import type { Channel, Message, Wire } from '../types.js';
import { messageWire, reactionsWire } from '../world.js';
import { type Call, channelOf, joinedChannel, type Method, messageOf, Refusal } from './method.js';

const HISTORY = { channel: 'channels:history', group: 'groups:history', im: 'im:history' } as const;

/** The channel, if the token may read what is written there. */
function readable(call: Call): Channel {
  const channel = joinedChannel(call);
  const needed = HISTORY[channel.kind];
  if (!call.install.scopes.includes(needed)) {
    throw new Refusal('missing_scope', { needed, provided: call.install.scopes.join(',') });
  }
  return channel;
}

/** A page of messages; cursors are places. */
function page(messages: readonly Message[], { args }: Call): Wire {
  const limit = Math.min(999, Number(args.limit ?? 100));
  const from = args.cursor ? Number(Buffer.from(args.cursor, 'base64').toString()) : 0;
  const next = from + limit < messages.length ? Buffer.from(String(from + limit)).toString('base64') : '';
  return {
    messages: messages.slice(from, from + limit).map((one) => messageWire(one, args.include_all_metadata === 'true')),
    has_more: next !== '',
    response_metadata: { next_cursor: next },
  };
}

function within(messages: readonly Message[], { args }: Call): Message[] {
  const inclusive = args.inclusive === 'true';
  return messages.filter(
    ({ ts }) =>
      (args.oldest === undefined || ts > args.oldest || (inclusive && ts === args.oldest)) &&
      (args.latest === undefined || ts < args.latest || (inclusive && ts === args.latest)),
  );
}

const history: Method = {
  needs: ['channel'],
  run(call) {
    const { id } = readable(call);
    const top = call.world.messagesIn(id).filter(({ ts, threadTs }) => !threadTs || threadTs === ts);
    return page(within(top, call).reverse(), call);
  },
};

const replies: Method = {
  needs: ['channel', 'ts'],
  run(call) {
    const channel = readable(call);
    const root = messageOf(call, channel, call.args.ts, 'thread_not_found');
    const first =
      root.threadTs && root.threadTs !== root.ts ? [root] : [root, ...call.world.thread(channel.id, root.ts)];
    return page(within(first, call), call);
  },
};

const open: Method = {
  scopes: ['im:write'],
  needs: ['users'],
  run({ world, install, args }) {
    const user = world.users.get(args.users);
    if (!user || world.installIn(user.teamId) !== install) throw new Refusal('user_not_found');
    if (user.isDeactivated) throw new Refusal('user_disabled');
    return { channel: { id: world.directChannel(install, user).id } };
  },
};

const info: Method = {
  needs: ['channel'],
  run(call) {
    const channel = channelOf(call);
    const { id, name, kind, members } = channel;
    const isMember = members.has(call.install.botUserId);
    return { channel: { id, name, is_im: kind === 'im', is_private: kind !== 'channel', is_member: isMember } };
  },
};

const userInfo: Method = {
  scopes: ['users:read'],
  needs: ['user'],
  run({ world, install, args }) {
    const user = world.users.get(args.user);
    if (!user || world.installIn(user.teamId) !== install) throw new Refusal('user_not_found');
    const { id, teamId, name, isBot, isAdmin, isDeactivated, locale } = user;
    const facts = { id, team_id: teamId, name, is_bot: isBot, is_admin: isAdmin, deleted: isDeactivated };
    return { user: { ...facts, ...(args.include_locale === 'true' && { locale }) } };
  },
};

// ------------------------------------------------------------------------------------------------------------ reactions

const addReaction: Method = {
  scopes: ['reactions:write'],
  needs: ['channel', 'timestamp', 'name'],
  run(call) {
    const channel = joinedChannel(call);
    const message = messageOf(call, channel, call.args.timestamp);
    if (message.reactions.size >= 23 && !message.reactions.has(call.args.name)) throw new Refusal('too_many_emoji');
    if (!call.world.addReaction(message, call.install.botUserId, call.args.name)) throw new Refusal('already_reacted');
    return {};
  },
};

const removeReaction: Method = {
  scopes: ['reactions:write'],
  needs: ['channel', 'timestamp', 'name'],
  run(call) {
    const channel = joinedChannel(call);
    const message = messageOf(call, channel, call.args.timestamp);
    if (!call.world.removeReaction(message, call.install.botUserId, call.args.name)) throw new Refusal('no_reaction');
    return {};
  },
};

const getReactions: Method = {
  scopes: ['reactions:read'],
  needs: ['channel', 'timestamp'],
  run(call) {
    const channel = channelOf(call);
    const message = messageOf(call, channel, call.args.timestamp);
    const reactions = reactionsWire(message, call.args.full === 'true');
    const shown = { ...messageWire(message), ...(reactions.length > 0 && { reactions }) };
    return { type: 'message', channel: channel.id, message: shown };
  },
};

export const CONVERSATIONS: Readonly<Record<string, Method>> = {
  'conversations.history': history,
  'conversations.replies': replies,
  'conversations.open': open,
  'conversations.info': info,
  'users.info': userInfo,
  'reactions.add': addReaction,
  'reactions.remove': removeReaction,
  'reactions.get': getReactions,
};
