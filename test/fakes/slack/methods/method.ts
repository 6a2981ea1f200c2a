/** What a method of the Web API is here, and what most of them need. */
import type { Channel, Install, Message, Wire } from '../types.js';
import type { World } from '../world.js';

export interface Call {
  world: World;
  install: Install;
  args: Wire;
}

/** An answer that is not `ok`. */
export class Refusal extends Error {
  constructor(
    readonly error: string,
    readonly more: Wire = {},
  ) {
    super(error);
  }
}

export interface Method {
  /** Any of these is enough; none: every token will do. */
  scopes?: readonly string[];
  /** Arguments that must be there. */
  needs?: readonly string[];
  run(call: Call): Wire | undefined;
}

/** The channel of a call, if its bot can see it. */
export function channelOf({ world, install, args }: Call, name = 'channel'): Channel {
  const channel = world.channels.get(String(args[name]));
  const own = channel && world.installIn(channel.teamId) === install;
  if (!channel || !own) throw new Refusal('channel_not_found');
  return channel;
}

/** The channel of a call, if its bot is in it. */
export function joinedChannel(call: Call): Channel {
  const channel = channelOf(call);
  if (!channel.members.has(call.install.botUserId)) {
    throw new Refusal(channel.kind === 'channel' ? 'not_in_channel' : 'channel_not_found');
  }
  return channel;
}

export function messageOf({ world }: Call, channel: Channel, ts: unknown, error = 'message_not_found'): Message {
  const message = world.find(channel.id, String(ts));
  if (!message) throw new Refusal(error);
  return message;
}

export function ownMessage(call: Call, channel: Channel, refusal: string): Message {
  const message = messageOf(call, channel, call.args.ts);
  if (message.user !== call.install.botUserId) throw new Refusal(refusal);
  return message;
}
