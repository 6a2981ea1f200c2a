/** What exists on the local Slack, how it changes, and the events that changes cause. */
import { EventEmitter } from 'node:events';
import type { Channel, Install, Interaction, Message, Team, User, Wire } from './types.js';

export interface AppSecrets {
  appId: string;
  clientId: string;
  clientSecret: string;
  signingSecret: string;
  appToken: string;
}

/** Everything the app may ask for; those the manifest names are given at installation. */
export class World extends EventEmitter<{ change: []; event: [Team, Install, Wire] }> {
  readonly teams = new Map<string, Team>();
  readonly users = new Map<string, User>();
  readonly channels = new Map<string, Channel>();
  readonly installs: Install[] = [];
  readonly interactions = new Map<string, Interaction>();
  /** Home pages and modals, by user. */
  readonly homes = new Map<string, Wire>();
  readonly statuses: { channel: string; threadTs: string; status: string }[] = [];
  readonly prompts: Wire[] = [];
  readonly titles: { channel: string; threadTs: string; title: string }[] = [];
  url = '';
  private readonly messages = new Map<string, Message[]>();
  private serial = 0;
  private second = Math.floor(Date.now() / 1_000);

  constructor(readonly secrets: AppSecrets) {
    super();
  }

  id(prefix: string): string {
    this.serial++;
    return `${prefix}${this.serial.toString(36).toUpperCase().padStart(9, '0')}`;
  }

  /** A new timestamp, later than every one before. */
  ts(): string {
    this.second = Math.max(this.second, Math.floor(Date.now() / 1_000));
    this.serial++;
    return `${this.second}.${String(this.serial).padStart(6, '0')}`;
  }

  addTeam(name: string, { enterpriseId = null }: { enterpriseId?: string | null } = {}): Team {
    const team = { id: this.id('T'), name, enterpriseId };
    this.teams.set(team.id, team);
    return team;
  }

  addUser(team: Team, name: string, facts: Partial<User> = {}): User {
    const user: User = {
      id: this.id('U'),
      teamId: team.id,
      name,
      locale: 'en-US',
      isBot: false,
      isAdmin: false,
      isDeactivated: false,
      ...facts,
    };
    this.users.set(user.id, user);
    return user;
  }

  addChannel(team: Team, name: string, members: readonly User[] = [], kind: Channel['kind'] = 'channel'): Channel {
    const prefix = { channel: 'C', group: 'G', im: 'D' }[kind];
    const channel: Channel = {
      id: this.id(prefix),
      teamId: team.id,
      name,
      kind,
      members: new Set(members.map(({ id }) => id)),
    };
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** Installs the app; the bot joins no channel by itself. */
  install(team: Team, scopes: readonly string[], { wholeEnterprise = false } = {}): Install {
    const bot = this.addUser(team, 'palate', { isBot: true });
    const install: Install = {
      teamId: wholeEnterprise ? null : team.id,
      enterpriseId: team.enterpriseId,
      token: `xoxb-local-${this.id('K')}-for-tests-only`,
      botId: this.id('B'),
      botUserId: bot.id,
      scopes: [...scopes],
    };
    this.installs.push(install);
    return install;
  }

  /** The installation that serves a workspace. */
  installIn(teamId: string): Install | undefined {
    const team = this.teams.get(teamId);
    return (
      this.installs.find((one) => one.teamId === teamId) ??
      this.installs.find((one) => one.teamId === null && one.enterpriseId === team?.enterpriseId)
    );
  }

  channel(id: string): Channel {
    const channel = this.channels.get(id);
    if (!channel) throw new Error(`There is no channel ${id}.`);
    return channel;
  }

  directChannel(install: Install, user: User): Channel {
    const known = [...this.channels.values()].find(
      (one) => one.kind === 'im' && one.userId === user.id && one.members.has(install.botUserId),
    );
    if (known) return known;
    const team = this.teams.get(user.teamId) as Team;
    const channel = this.addChannel(team, 'direct', [user], 'im');
    channel.members.add(install.botUserId);
    channel.userId = user.id;
    return channel;
  }

  messagesIn(channel: string): Message[] {
    return this.messages.get(channel) ?? [];
  }

  find(channel: string, ts: string): Message | undefined {
    return this.messagesIn(channel).find((message) => message.ts === ts);
  }

  /** The messages of a thread, its first one left out. */
  thread(channel: string, threadTs: string): Message[] {
    return this.messagesIn(channel).filter((message) => message.threadTs === threadTs && message.ts !== threadTs);
  }

  addMessage(given: Pick<Message, 'channel' | 'user' | 'text'> & Partial<Message>): Message {
    const message: Message = { blocks: [], reactions: new Map(), edits: 0, ts: this.ts(), ...given };
    if (message.ephemeralFor === undefined) {
      this.messages.set(message.channel, [...this.messagesIn(message.channel), message]);
    }
    this.changed();
    return message;
  }

  deleteMessage(message: Message): void {
    const rest = this.messagesIn(message.channel).filter((one) => one !== message);
    this.messages.set(message.channel, rest);
    this.tell(message.channel, {
      type: 'message',
      subtype: 'message_deleted',
      channel: message.channel,
      channel_type: this.channel(message.channel).kind,
      deleted_ts: message.ts,
      ts: this.ts(),
      event_ts: this.ts(),
    });
    this.changed();
  }

  addReaction(message: Message, userId: string, name: string): boolean {
    const users = message.reactions.get(name) ?? [];
    if (users.includes(userId)) return false;
    message.reactions.set(name, [...users, userId]);
    this.tellReaction('reaction_added', message, userId, name);
    return true;
  }

  removeReaction(message: Message, userId: string, name: string): boolean {
    const users = message.reactions.get(name) ?? [];
    if (!users.includes(userId)) return false;
    const rest = users.filter((one) => one !== userId);
    if (rest.length > 0) message.reactions.set(name, rest);
    else message.reactions.delete(name);
    this.tellReaction('reaction_removed', message, userId, name);
    return true;
  }

  private tellReaction(type: string, message: Message, userId: string, name: string): void {
    this.tell(message.channel, {
      type,
      user: userId,
      reaction: name,
      item: { type: 'message', channel: message.channel, ts: message.ts },
      item_user: message.user,
      event_ts: this.ts(),
    });
    this.changed();
  }

  /** Sends an event to the app, where it is installed and its bot is in the channel. */
  tell(channelId: string, event: Wire): void {
    const channel = this.channel(channelId);
    const team = this.teams.get(channel.teamId) as Team;
    const install = this.installIn(team.id);
    if (install && channel.members.has(install.botUserId)) this.emit('event', team, install, event);
  }

  changed(): void {
    this.emit('change');
  }
}

/** A message as events and methods show it. */
export function messageWire(message: Message, withMetadata = false): Wire {
  const { ts, user, botId, text, blocks, threadTs, reactions, metadata, streamed } = message;
  return {
    type: 'message',
    user,
    ts,
    text: streamed ?? text,
    ...(botId && { bot_id: botId }),
    ...(blocks.length > 0 && { blocks }),
    ...(threadTs && { thread_ts: threadTs }),
    ...(reactions.size > 0 && { reactions: reactionsWire(message) }),
    ...(withMetadata && metadata && { metadata }),
  };
}

/** Users a reaction lists unless the whole list is asked for. */
const LISTED = 50;

export function reactionsWire({ reactions }: Message, full = false): Wire[] {
  return [...reactions].map(([name, users]) => ({
    name,
    count: users.length,
    users: full ? users : users.slice(0, LISTED),
  }));
}
