/** chat.*: messages, ephemeral ones, and messages that are streamed. */
import { blockProblems, messageProblem } from '../blocks.js';
import type { Message, Wire } from '../types.js';
import { messageWire } from '../world.js';
import { type Call, channelOf, joinedChannel, type Method, messageOf, ownMessage, Refusal } from './method.js';

const STREAMED = 12_000;
const scopes = ['chat:write'];

/** Text and blocks of a call, checked. */
function content({ args }: Call): Pick<Message, 'text' | 'blocks'> {
  const markdown = args.markdown_text as string | undefined;
  if (markdown !== undefined) {
    if (args.text !== undefined || args.blocks !== undefined) throw new Refusal('markdown_text_conflict');
    if (markdown.length > STREAMED) throw new Refusal('msg_too_long');
    return { text: markdown, blocks: [{ type: 'markdown', text: markdown }] };
  }
  const problem = messageProblem(args.text, args.blocks);
  if (problem) throw new Refusal(problem.error, problem);
  return { text: args.text ?? '', blocks: args.blocks ?? [] };
}

const post: Method = {
  scopes,
  needs: ['channel'],
  run(call) {
    const { world, install, args } = call;
    const channel = joinedChannel(call);
    const thread = args.thread_ts as string | undefined;
    const message = world.addMessage({
      channel: channel.id,
      user: install.botUserId,
      botId: install.botId,
      ...content(call),
      ...(thread && world.find(channel.id, thread) && { threadTs: thread }),
      ...(args.metadata && { metadata: args.metadata }),
    });
    world.tell(channel.id, {
      ...messageWire(message),
      channel: channel.id,
      channel_type: channel.kind,
      event_ts: message.ts,
    });
    return { channel: channel.id, ts: message.ts, message: messageWire(message) };
  },
};

const ephemeral: Method = {
  scopes,
  needs: ['channel', 'user'],
  run(call) {
    const { world, install, args } = call;
    const channel = joinedChannel(call);
    if (!channel.members.has(args.user)) throw new Refusal('user_not_in_channel');
    const message = world.addMessage({
      channel: channel.id,
      user: install.botUserId,
      ...content(call),
      ephemeralFor: args.user,
      threadTs: args.thread_ts,
    });
    world.emit('change');
    ephemerals(call).push(message);
    return { message_ts: message.ts };
  },
};

const seen = new WeakMap<object, Message[]>();

/** Ephemeral messages that were posted, oldest first. */
export function ephemerals({ world }: Pick<Call, 'world'>): Message[] {
  const list = seen.get(world) ?? [];
  seen.set(world, list);
  return list;
}

const update: Method = {
  scopes,
  needs: ['channel', 'ts'],
  run(call) {
    const channel = channelOf(call);
    const message = ownMessage(call, channel, 'cant_update_message');
    if (message.streaming) throw new Refusal('streaming_state_conflict');
    Object.assign(message, content(call), { streamed: undefined });
    message.edits++;
    call.world.changed();
    return { channel: channel.id, ts: message.ts, text: message.text, message: messageWire(message) };
  },
};

const remove: Method = {
  scopes,
  needs: ['channel', 'ts'],
  run(call) {
    const channel = channelOf(call);
    const message = ownMessage(call, channel, 'cant_delete_message');
    call.world.deleteMessage(message);
    return { channel: channel.id, ts: message.ts };
  },
};

const permalink: Method = {
  needs: ['channel', 'message_ts'],
  run(call) {
    const channel = channelOf(call);
    const { ts } = messageOf(call, channel, call.args.message_ts);
    const link = `https://local.slack.com/archives/${channel.id}/p${ts.replace('.', '')}`;
    return { channel: channel.id, permalink: link };
  },
};

// -------------------------------------------------------------------------------------------------------------- streams

/** The text of a call to one of the stream methods: `markdown_text`, or chunks of it. */
function piece({ args }: Call): string {
  const chunks = (args.chunks ?? []) as Wire[];
  if (chunks.some(({ type }) => type !== 'markdown_text')) throw new Refusal('invalid_chunks');
  const text = (args.markdown_text ?? '') + chunks.map((chunk) => chunk.text).join('');
  if (text.length > STREAMED) throw new Refusal('msg_too_long');
  return text;
}

function streaming(call: Call): Message {
  const channel = channelOf(call);
  const message = ownMessage(call, channel, 'message_not_owned_by_app');
  if (!message.streaming) throw new Refusal('message_not_in_streaming_state');
  return message;
}

const startStream: Method = {
  scopes,
  needs: ['channel', 'thread_ts'],
  run(call) {
    const { world, install, args } = call;
    const channel = joinedChannel(call);
    messageOf(call, channel, args.thread_ts, 'thread_not_found');
    if (channel.kind !== 'im') {
      if (!args.recipient_team_id) throw new Refusal('missing_recipient_team_id');
      if (!args.recipient_user_id) throw new Refusal('missing_recipient_user_id');
    }
    const message = world.addMessage({
      channel: channel.id,
      user: install.botUserId,
      botId: install.botId,
      text: '',
      threadTs: args.thread_ts,
      streamed: piece(call),
      streaming: true,
    });
    return { channel: channel.id, ts: message.ts };
  },
};

const appendStream: Method = {
  scopes,
  needs: ['channel', 'ts'],
  run(call) {
    const message = streaming(call);
    const text = piece(call);
    if (text === '') throw new Refusal('no_text');
    message.streamed += text;
    message.edits++;
    call.world.changed();
    return { channel: message.channel, ts: message.ts };
  },
};

const stopStream: Method = {
  scopes,
  needs: ['channel', 'ts'],
  run(call) {
    const message = streaming(call);
    const { args, world } = call;
    const messages = args.blocks === undefined ? [] : blockProblems(args.blocks);
    if (messages.length > 0) throw new Refusal('invalid_blocks', { response_metadata: { messages } });
    message.streamed += piece(call);
    message.streaming = false;
    message.blocks = args.blocks ?? [];
    if (args.metadata) message.metadata = args.metadata;
    world.changed();
    return { channel: message.channel, ts: message.ts, message: messageWire(message) };
  },
};

export const CHAT: Readonly<Record<string, Method>> = {
  'chat.postMessage': post,
  'chat.postEphemeral': ephemeral,
  'chat.update': update,
  'chat.delete': remove,
  'chat.getPermalink': permalink,
  'chat.startStream': startStream,
  'chat.appendStream': appendStream,
  'chat.stopStream': stopStream,
};
