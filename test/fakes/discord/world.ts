/** Everything that exists on the local Discord, and the changes to it; every change tells the gateway what happened. */
import { EventEmitter } from 'node:events';
import { bits, EVERYONE, PERMISSIONS, type PermissionName, permissionsIn } from './permissions.js';
import { snowflake } from './snowflake.js';
import {
  API_ERRORS,
  type Application,
  CHANNEL_TYPES,
  type Channel,
  type Dispatch,
  type Guild,
  INTENTS,
  type Interaction,
  type Message,
  type User,
  type Wire,
} from './types.js';
import { channelWire, emojiWire, memberWire, messageEventWire, userWire } from './wire.js';

const MAXIMUM_REACTIONS = 20;

export type NewMessage = Pick<Message, 'channelId' | 'authorId'> & Partial<Message>;

/** Emits `dispatch` with what the gateway is to deliver and `change` after anything happened. */
export class World extends EventEmitter<{ dispatch: [Dispatch]; change: [] }> {
  /** Where the server listens; attachments are fetched from there. */
  url = '';
  /** Where clients are told that the gateway is; undefined: beside the rest. */
  gatewayUrl: string | undefined;
  /** How long an interaction waits for its first answer; longer where a slow machine is not what is tested. */
  answerMs = 3_000;
  readonly users = new Map<string, User>();
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly messages = new Map<string, Message>();
  readonly interactions = new Map<string, Interaction>();
  /** Registered commands: global ones under '', a guild's under its id. */
  readonly commands = new Map<string, Wire[]>();
  readonly application: Application;

  constructor(token: string) {
    super();
    this.setMaxListeners(0);
    const user = this.addUser('palate', { bot: true });
    const privileged = { members: false, presences: false, messageContent: false };
    this.application = { id: user.id, token, userId: user.id, privileged };
  }

  // ------------------------------------------------------------------------------------------------ people and places

  addUser(username: string, changes: Partial<User> = {}): User {
    const defaults = { globalName: username, bot: false, locale: 'en-US', takesDirectMessages: true };
    const user: User = { id: snowflake(), username, ...defaults, ...changes };
    this.users.set(user.id, user);
    return user;
  }

  /** A guild that the bot is in. */
  addGuild(name: string, owner: User, members: readonly User[] = []): Guild {
    const id = snowflake();
    const joinedAt = new Date().toISOString();
    const everyone = { id, name: '@everyone', permissions: EVERYONE };
    const ids = [owner.id, this.application.userId, ...members.map((user) => user.id)];
    const guild: Guild = {
      id,
      name,
      ownerId: owner.id,
      locale: 'en-US',
      roles: new Map([[id, everyone]]),
      members: new Map(ids.map((userId) => [userId, { roles: [], joinedAt }])),
    };
    this.guilds.set(id, guild);
    return guild;
  }

  addChannel(guild: Guild, name: string): Channel {
    return this.keep({ id: snowflake(), type: CHANNEL_TYPES.text, guildId: guild.id, name, overwrites: [] });
  }

  addThread(parent: Channel, name: string, ownerId: string, id = snowflake()): Channel {
    const type = CHANNEL_TYPES.publicThread;
    const thread = this.keep({ id, type, guildId: parent.guildId, name, parentId: parent.id, ownerId, overwrites: [] });
    const data = () => ({ ...channelWire(this, thread), newly_created: true });
    this.dispatch({ name: 'THREAD_CREATE', guildId: thread.guildId, channelId: id, intents: INTENTS.guilds, data });
    return thread;
  }

  directChannel(userId: string): Channel {
    const recipients = [this.application.userId, userId];
    const known = [...this.channels.values()].find(
      (channel) => channel.type === CHANNEL_TYPES.direct && channel.recipients?.includes(userId),
    );
    return known ?? this.keep({ id: snowflake(), type: CHANNEL_TYPES.direct, name: '', recipients, overwrites: [] });
  }

  /** Takes permissions away from the bot in a channel. */
  deny(channel: Channel, ...names: PermissionName[]): void {
    const id = this.application.userId;
    channel.overwrites = channel.overwrites.filter((overwrite) => overwrite.id !== id);
    if (names.length > 0) channel.overwrites.push({ id, type: 1, allow: 0n, deny: bits(names) });
    const data = () => channelWire(this, channel);
    this.dispatch({ name: 'CHANNEL_UPDATE', guildId: channel.guildId, intents: INTENTS.guilds, data });
  }

  leaveGuild(guild: Guild, userId: string): void {
    guild.members.delete(userId);
    const data = () => ({ guild_id: guild.id, user: userWire(this.user(userId)) });
    this.dispatch({ name: 'GUILD_MEMBER_REMOVE', guildId: guild.id, intents: INTENTS.members, data });
  }

  // ----------------------------------------------------------------------------------------------------------- look-ups

  user(id: string): User {
    const user = this.users.get(id);
    if (!user) throw API_ERRORS.unknownUser();
    return user;
  }

  guild(id: string): Guild {
    const guild = this.guilds.get(id);
    if (!guild) throw API_ERRORS.unknownGuild();
    return guild;
  }

  channel(id: string): Channel {
    const channel = this.channels.get(id);
    if (!channel) throw API_ERRORS.unknownChannel();
    return channel;
  }

  message(channelId: string, id: string): Message {
    const message = this.messages.get(id);
    if (!message || message.channelId !== channelId || message.ephemeralFor !== undefined) {
      throw API_ERRORS.unknownMessage();
    }
    return message;
  }

  /** The channel's messages, oldest first, without those that only one person sees. */
  messagesIn(channelId: string): Message[] {
    return [...this.messages.values()].filter(
      (message) => message.channelId === channelId && message.ephemeralFor === undefined,
    );
  }

  permissions(channel: Channel, userId: string): bigint {
    const guild = channel.guildId === undefined ? undefined : this.guild(channel.guildId);
    const parent = channel.parentId === undefined ? undefined : this.channels.get(channel.parentId);
    return permissionsIn(guild, channel, parent, userId);
  }

  can(channel: Channel, userId: string, name: PermissionName): boolean {
    return (this.permissions(channel, userId) & PERMISSIONS[name]) !== 0n;
  }

  // ------------------------------------------------------------------------------------------------ messages and reactions

  addMessage(given: NewMessage): Message {
    const message: Message = {
      id: snowflake(),
      type: given.reference ? 19 : 0,
      content: '',
      timestamp: new Date().toISOString(),
      editedTimestamp: null,
      mentions: [],
      mentionEveryone: false,
      flags: 0,
      embeds: [],
      components: [],
      attachments: [],
      reactions: new Map(),
      ...given,
    };
    this.messages.set(message.id, message);
    if (message.ephemeralFor === undefined) this.tellOfMessage('MESSAGE_CREATE', message);
    this.emit('change');
    return message;
  }

  editMessage(message: Message, changes: Partial<Message>): void {
    Object.assign(message, changes, { editedTimestamp: new Date().toISOString() });
    if (message.ephemeralFor === undefined) this.tellOfMessage('MESSAGE_UPDATE', message);
    this.emit('change');
  }

  deleteMessage(message: Message): void {
    this.messages.delete(message.id);
    const { guildId } = this.channel(message.channelId);
    const data = () => ({ id: message.id, channel_id: message.channelId, guild_id: guildId });
    if (message.ephemeralFor === undefined) {
      this.dispatch({ name: 'MESSAGE_DELETE', ...this.place(message, 'messages'), data });
    }
    this.emit('change');
  }

  /** Adds a reaction; one that is there already stays as it is. */
  addReaction(message: Message, userId: string, emoji: string): void {
    const users = message.reactions.get(emoji);
    if (users?.has(userId)) return;
    if (!users && message.reactions.size >= MAXIMUM_REACTIONS) throw API_ERRORS.tooManyReactions();
    if (users) users.add(userId);
    else message.reactions.set(emoji, new Set([userId]));
    this.tellOfReaction('MESSAGE_REACTION_ADD', message, userId, emoji);
  }

  removeReaction(message: Message, userId: string, emoji: string): void {
    const users = message.reactions.get(emoji);
    if (!users?.delete(userId)) return;
    if (users.size === 0) message.reactions.delete(emoji);
    this.tellOfReaction('MESSAGE_REACTION_REMOVE', message, userId, emoji);
  }

  /** Takes all reactions away, or all with one emoji. */
  clearReactions(message: Message, emoji?: string): void {
    if (emoji === undefined) message.reactions.clear();
    else message.reactions.delete(emoji);
    const { guildId } = this.channel(message.channelId);
    const name = emoji === undefined ? 'MESSAGE_REACTION_REMOVE_ALL' : 'MESSAGE_REACTION_REMOVE_EMOJI';
    const data = () => ({
      channel_id: message.channelId,
      message_id: message.id,
      guild_id: guildId,
      ...(emoji !== undefined && { emoji: emojiWire(emoji) }),
    });
    this.dispatch({ name, ...this.place(message, 'reactions'), data });
    this.emit('change');
  }

  // -------------------------------------------------------------------------------------------------------------- events

  dispatch(event: Dispatch): void {
    this.emit('dispatch', event);
  }

  private tellOfMessage(name: string, message: Message): void {
    const data = (intents: number) => messageEventWire(this, message, intents);
    this.dispatch({ name, ...this.place(message, 'messages'), data });
  }

  private tellOfReaction(name: string, message: Message, userId: string, emoji: string): void {
    const { guildId } = this.channel(message.channelId);
    const guild = guildId === undefined ? undefined : this.guild(guildId);
    const added = name === 'MESSAGE_REACTION_ADD';
    const data = () => ({
      user_id: userId,
      channel_id: message.channelId,
      message_id: message.id,
      emoji: emojiWire(emoji),
      burst: false,
      type: 0,
      ...(guild && { guild_id: guild.id }),
      ...(added && { message_author_id: message.authorId }),
      ...(added && guild && { member: { ...memberWire(guild, userId), user: userWire(this.user(userId)) } }),
    });
    this.dispatch({ name, ...this.place(message, 'reactions'), data });
    this.emit('change');
  }

  private place(message: Message, what: 'messages' | 'reactions'): Pick<Dispatch, 'guildId' | 'channelId' | 'intents'> {
    const { guildId } = this.channel(message.channelId);
    const direct = { messages: INTENTS.directMessages, reactions: INTENTS.directReactions }[what];
    const inGuild = { messages: INTENTS.guildMessages, reactions: INTENTS.guildReactions }[what];
    return { guildId, channelId: message.channelId, intents: guildId === undefined ? direct : inGuild };
  }

  private keep(channel: Channel): Channel {
    this.channels.set(channel.id, channel);
    return channel;
  }
}
