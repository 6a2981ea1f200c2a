/** Messages, their reactions, and typing. */
import { readMessageBody, readReference } from '../message-body.js';
import { API_ERRORS, CHANNEL_TYPES, type Channel, type Message } from '../types.js';
import { mayReadContentOverRest, messageWire, userWire } from '../wire.js';
import type { World } from '../world.js';
import { channelFor, type Route, type RouteRequest } from './route.js';

const NONCE_MS = 5 * 60_000;
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|[0-9#*]\ufe0f?\u20e3/u;

const wire = (world: World, message: Message) => messageWire(world, message, mayReadContentOverRest(world));

export const MESSAGE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/channels/:channel/messages',
    handle: ({ world, params, query }) => {
      const channel = channelFor(world, params.channel);
      if (!world.can(channel, world.application.userId, 'READ_MESSAGE_HISTORY')) return [];
      const limit = Number(query.get('limit') ?? 50);
      if (!(limit >= 1 && limit <= 100)) {
        throw API_ERRORS.invalidForm('limit', 'NUMBER_TYPE_RANGE', 'Value should be between 1 and 100.');
      }
      const before = query.get('before');
      const after = query.get('after');
      const fitting = world
        .messagesIn(channel.id)
        .filter(({ id }) => (!before || BigInt(id) < BigInt(before)) && (!after || BigInt(id) > BigInt(after)));
      const page = after ? fitting.slice(0, limit) : fitting.slice(-limit);
      return page.reverse().map((message) => wire(world, message));
    },
  },
  {
    method: 'GET',
    path: '/channels/:channel/messages/:message',
    handle: ({ world, params }) => {
      const channel = channelFor(world, params.channel, 'READ_MESSAGE_HISTORY');
      return wire(world, world.message(channel.id, params.message));
    },
  },
  { method: 'POST', path: '/channels/:channel/messages', bucket: 'POST messages', handle: create },
  {
    method: 'PATCH',
    path: '/channels/:channel/messages/:message',
    bucket: 'PATCH messages',
    handle: ({ world, params, body, files }) => {
      const channel = channelFor(world, params.channel);
      const message = world.message(channel.id, params.message);
      if (message.authorId !== world.application.userId) throw API_ERRORS.notYours();
      const { nonce: _, ...changes } = readMessageBody(world, channel, body, files, true);
      world.editMessage(message, changes);
      return wire(world, message);
    },
  },
  {
    method: 'DELETE',
    path: '/channels/:channel/messages/:message',
    bucket: 'DELETE messages',
    handle: ({ world, params }) => {
      const channel = channelFor(world, params.channel);
      const message = world.message(channel.id, params.message);
      const bot = world.application.userId;
      if (message.authorId !== bot && !world.can(channel, bot, 'MANAGE_MESSAGES'))
        throw API_ERRORS.missingPermissions();
      world.deleteMessage(message);
    },
  },
  {
    method: 'POST',
    path: '/channels/:channel/typing',
    handle: ({ world, params }) =>
      void channelFor(world, params.channel, sendPermission(world.channel(params.channel))),
  },
  {
    method: 'GET',
    path: '/channels/:channel/messages/:message/reactions/:emoji',
    bucket: 'reactions read',
    handle: ({ world, params, query }) => {
      const channel = channelFor(world, params.channel, 'READ_MESSAGE_HISTORY');
      const message = world.message(channel.id, params.message);
      const limit = Math.min(100, Number(query.get('limit') ?? 25));
      const after = query.get('after');
      const ids = [...(message.reactions.get(emojiOf(params.emoji)) ?? [])].sort((a, b) =>
        BigInt(a) < BigInt(b) ? -1 : 1,
      );
      return ids
        .filter((id) => !after || BigInt(id) > BigInt(after))
        .slice(0, limit)
        .map((id) => userWire(world.user(id)));
    },
  },
  {
    method: 'PUT',
    path: '/channels/:channel/messages/:message/reactions/:emoji/@me',
    bucket: 'reactions',
    handle: ({ world, params }) => {
      const channel = channelFor(world, params.channel, 'READ_MESSAGE_HISTORY');
      const message = world.message(channel.id, params.message);
      const emoji = emojiOf(params.emoji);
      if (!message.reactions.has(emoji)) channelFor(world, params.channel, 'ADD_REACTIONS');
      world.addReaction(message, world.application.userId, emoji);
    },
  },
  {
    method: 'DELETE',
    path: '/channels/:channel/messages/:message/reactions/:emoji/:user',
    bucket: 'reactions',
    handle: ({ world, params }) => {
      const own = params.user === '@me';
      const channel = channelFor(world, params.channel, ...(own ? [] : (['MANAGE_MESSAGES'] as const)));
      const userId = own ? world.application.userId : params.user;
      world.removeReaction(world.message(channel.id, params.message), userId, emojiOf(params.emoji));
    },
  },
  {
    method: 'DELETE',
    path: '/channels/:channel/messages/:message/reactions',
    bucket: 'reactions',
    handle: ({ world, params }) => {
      const channel = channelFor(world, params.channel, 'MANAGE_MESSAGES');
      world.clearReactions(world.message(channel.id, params.message));
    },
  },
];

function create({ world, params, body, files }: RouteRequest): unknown {
  const channel = channelFor(world, params.channel, sendPermission(world.channel(params.channel)));
  if (files.length > 0) channelFor(world, params.channel, 'ATTACH_FILES');
  const bot = world.application.userId;
  const person = channel.recipients?.find((id) => id !== bot);
  if (person !== undefined && !world.user(person).takesDirectMessages) throw API_ERRORS.noDirectMessages();
  const changes = readMessageBody(world, channel, body, files);
  // Without this permission embeds vanish without a word.
  if (!world.can(channel, bot, 'EMBED_LINKS')) changes.embeds = [];
  if (body.enforce_nonce === true && changes.nonce !== undefined) {
    const since = Date.now() - NONCE_MS;
    const same = [...world.messages.values()].find(
      ({ authorId, nonce, timestamp }) => authorId === bot && nonce === changes.nonce && Date.parse(timestamp) > since,
    );
    if (same) return wire(world, same);
  }
  const reference = readReference(world, channel, body);
  return wire(world, world.addMessage({ ...changes, channelId: channel.id, authorId: bot, flags: 0, reference }));
}

function sendPermission(channel: Channel): 'SEND_MESSAGES' | 'SEND_MESSAGES_IN_THREADS' {
  return channel.type === CHANNEL_TYPES.publicThread ? 'SEND_MESSAGES_IN_THREADS' : 'SEND_MESSAGES';
}

/** Unicode, or `name:id`. @throws ApiError 10014 */
function emojiOf(text: string): string {
  if (/^\w+:\d{5,}$/.test(text) || EMOJI.test(text)) return text;
  throw API_ERRORS.unknownEmoji();
}
