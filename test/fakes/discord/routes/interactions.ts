/** Answers to interactions: the first within three seconds, what follows within fifteen minutes. */
import { readMessageBody } from '../message-body.js';
import { API_ERRORS, type Interaction, MESSAGE_FLAGS, type Message, type Wire } from '../types.js';
import { messageWire } from '../wire.js';
import type { World } from '../world.js';
import type { Route, RouteRequest } from './route.js';

const TOKEN_MS = 15 * 60_000;
const ANSWER = { pong: 1, message: 4, deferred: 5, deferredUpdate: 6, update: 7, modal: 9 } as const;
const wire = (world: World, message: Message) => messageWire(world, message, true);

export const INTERACTION_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/interactions/:interaction/:token/callback',
    bucket: 'callback',
    open: true,
    handle: answer,
  },
  { method: 'POST', path: '/webhooks/:application/:token', bucket: 'webhooks', open: true, handle: followUp },
  {
    method: 'GET',
    path: '/webhooks/:application/:token/messages/:message',
    bucket: 'webhooks',
    open: true,
    handle: (request) => wire(request.world, ownMessage(request)),
  },
  {
    method: 'PATCH',
    path: '/webhooks/:application/:token/messages/:message',
    bucket: 'webhooks',
    open: true,
    handle: (request) => {
      const { world, body, files } = request;
      return wire(world, edit(world, ownMessage(request), body, files));
    },
  },
  {
    method: 'DELETE',
    path: '/webhooks/:application/:token/messages/:message',
    bucket: 'webhooks',
    open: true,
    handle: (request) => request.world.deleteMessage(ownMessage(request)),
  },
];

function answer({ world, params, query, body, files }: RouteRequest): unknown {
  const interaction = world.interactions.get(params.token);
  const elapsed = Date.now() - (interaction?.createdAt ?? 0);
  if (interaction?.id !== params.interaction) throw API_ERRORS.unknownInteraction();
  if (interaction.answer) throw API_ERRORS.alreadyAcknowledged();
  if (elapsed > world.answerMs) throw API_ERRORS.unknownInteraction();
  const type = Number(body.type);
  const data = (body.data ?? {}) as Wire;
  const isButton = interaction.type === 3;
  const allowed = isButton || interaction.type === 5 ? [4, 5, 6, 7, 9] : [4, 5, 9];
  if (!allowed.includes(type))
    throw API_ERRORS.invalidForm('type', 'BASE_TYPE_CHOICES', 'This type does not fit here.');
  const message = firstMessage(world, interaction, type, data, files);
  interaction.answer = { type, data };
  interaction.answeredAfter = elapsed;
  if (message) interaction.originalId = message.id;
  world.emit('change');
  if (query.get('with_response') !== 'true') return undefined;
  return {
    interaction: { id: interaction.id, type: interaction.type, response_message_id: message?.id },
    resource: { type, ...(message && { message: wire(world, message) }) },
  };
}

/** The message that an answer makes or changes. */
function firstMessage(world: World, interaction: Interaction, type: number, data: Wire, files: RouteRequest['files']) {
  const flags = Number(data.flags ?? 0);
  switch (type) {
    case ANSWER.message:
      return add(world, interaction, data, files, flags);
    case ANSWER.deferred:
      return world.addMessage({ ...frame(world, interaction, flags), flags: flags | MESSAGE_FLAGS.loading });
    case ANSWER.update:
      return edit(world, pressedMessage(world, interaction), data, files);
    case ANSWER.deferredUpdate:
      return pressedMessage(world, interaction);
    default:
      return undefined;
  }
}

function followUp({ world, params, body, files }: RouteRequest): unknown {
  const interaction = answered(world, params);
  const original = interaction.originalId === undefined ? undefined : world.messages.get(interaction.originalId);
  // The first one behind a deferral fills the message that was deferred.
  if (interaction.answer?.type === ANSWER.deferred && original && original.flags & MESSAGE_FLAGS.loading) {
    return wire(world, edit(world, original, body, files));
  }
  const message = add(world, interaction, body, files, Number(body.flags ?? 0));
  interaction.followups.push(message.id);
  return wire(world, message);
}

function add(world: World, interaction: Interaction, body: Wire, files: RouteRequest['files'], flags: number): Message {
  const channel = world.channel(interaction.channelId);
  return world.addMessage({ ...readMessageBody(world, channel, body, files), ...frame(world, interaction, flags) });
}

function edit(world: World, message: Message, body: Wire, files: RouteRequest['files']): Message {
  const {
    flags: _,
    nonce: __,
    ...changes
  } = readMessageBody(world, world.channel(message.channelId), body, files, true);
  world.editMessage(message, { ...changes, flags: message.flags & ~MESSAGE_FLAGS.loading });
  return message;
}

function frame(world: World, interaction: Interaction, flags: number) {
  const { id, name, userId, type, channelId } = interaction;
  return {
    channelId,
    authorId: world.application.userId,
    applicationId: world.application.id,
    type: type === 2 ? 20 : 0,
    flags,
    interaction: { id, name, userId, type },
    ...(flags & MESSAGE_FLAGS.ephemeral && { ephemeralFor: userId }),
  };
}

function pressedMessage(world: World, { messageId }: Interaction): Message {
  const message = messageId === undefined ? undefined : world.messages.get(messageId);
  if (!message) throw API_ERRORS.unknownMessage();
  return message;
}

/** The interaction of a token that has been answered and is still good. */
function answered(world: World, params: Record<string, string>): Interaction {
  const interaction = world.interactions.get(params.token);
  if (params.application !== world.application.id || !interaction?.answer) throw API_ERRORS.unknownWebhook();
  if (Date.now() - interaction.createdAt > TOKEN_MS) throw API_ERRORS.invalidToken();
  return interaction;
}

function ownMessage({ world, params }: RouteRequest): Message {
  const interaction = answered(world, params);
  const id = params.message === '@original' ? interaction.originalId : params.message;
  const message = id === undefined ? undefined : world.messages.get(id);
  if (!message || (id !== interaction.originalId && !interaction.followups.includes(message.id))) {
    throw API_ERRORS.unknownMessage();
  }
  return message;
}
