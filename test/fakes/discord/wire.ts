/** The world's objects in the shapes that Discord sends. */
import { PERMISSIONS } from './permissions.js';
import { CHANNEL_TYPES, type Channel, type Guild, INTENTS, type Message, type User, type Wire } from './types.js';
import type { World } from './world.js';

export function userWire(user: User): Wire {
  return {
    id: user.id,
    username: user.username,
    discriminator: '0',
    global_name: user.bot ? null : user.globalName,
    avatar: null,
    bot: user.bot,
    public_flags: 0,
  };
}

/** A member, without the user that some events carry beside it. */
export function memberWire(guild: Guild, userId: string): Wire {
  const member = guild.members.get(userId);
  return {
    roles: member?.roles ?? [],
    nick: null,
    avatar: null,
    joined_at: member?.joinedAt ?? null,
    premium_since: null,
    deaf: false,
    mute: false,
    pending: false,
    flags: 0,
    communication_disabled_until: null,
  };
}

export function channelWire(world: World, channel: Channel): Wire {
  if (channel.type === CHANNEL_TYPES.direct) {
    const others = (channel.recipients ?? []).filter((id) => id !== world.application.userId);
    return {
      id: channel.id,
      type: channel.type,
      last_message_id: null,
      flags: 0,
      recipients: others.map((id) => userWire(world.user(id))),
    };
  }
  const base = { id: channel.id, type: channel.type, guild_id: channel.guildId, name: channel.name };
  if (channel.type === CHANNEL_TYPES.publicThread) {
    return {
      ...base,
      parent_id: channel.parentId,
      owner_id: channel.ownerId,
      message_count: 0,
      member_count: 1,
      rate_limit_per_user: 0,
      flags: 0,
      last_message_id: null,
      thread_metadata: {
        archived: false,
        auto_archive_duration: 1_440,
        archive_timestamp: new Date().toISOString(),
        locked: false,
      },
    };
  }
  return {
    ...base,
    position: 0,
    topic: null,
    nsfw: false,
    rate_limit_per_user: 0,
    parent_id: null,
    flags: 0,
    last_message_id: null,
    permission_overwrites: channel.overwrites.map(({ id, type, allow, deny }) => ({
      id,
      type,
      allow: String(allow),
      deny: String(deny),
    })),
  };
}

/** A guild as GUILD_CREATE has it; members are the bot alone, as in large guilds. */
export function guildWire(world: World, guild: Guild): Wire {
  const own = [...world.channels.values()].filter((channel) => channel.guildId === guild.id);
  const isThread = (channel: Channel) => channel.type === CHANNEL_TYPES.publicThread;
  const bot = world.application.userId;
  return {
    id: guild.id,
    name: guild.name,
    icon: null,
    splash: null,
    discovery_splash: null,
    owner_id: guild.ownerId,
    region: 'deprecated',
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    roles: [...guild.roles.values()].map((role, position) => ({
      id: role.id,
      name: role.name,
      permissions: String(role.permissions),
      position,
      color: 0,
      hoist: false,
      managed: false,
      mentionable: false,
      flags: 0,
    })),
    emojis: [],
    features: [],
    mfa_level: 0,
    application_id: null,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    vanity_url_code: null,
    description: null,
    banner: null,
    premium_tier: 0,
    premium_subscription_count: 0,
    preferred_locale: guild.locale,
    public_updates_channel_id: null,
    nsfw_level: 0,
    stickers: [],
    premium_progress_bar_enabled: false,
    safety_alerts_channel_id: null,
    joined_at: guild.members.get(bot)?.joinedAt ?? null,
    large: false,
    unavailable: false,
    member_count: guild.members.size,
    voice_states: [],
    members: [{ ...memberWire(guild, bot), user: userWire(world.user(bot)) }],
    channels: own.filter((channel) => !isThread(channel)).map((channel) => channelWire(world, channel)),
    threads: own.filter(isThread).map((channel) => channelWire(world, channel)),
    presences: [],
    stage_instances: [],
    guild_scheduled_events: [],
    soundboard_sounds: [],
  };
}

export function emojiWire(emoji: string): Wire {
  const custom = /^(\w+):(\d+)$/.exec(emoji);
  return custom ? { id: custom[2], name: custom[1] } : { id: null, name: emoji };
}

/**
 * A message as the bot may see it: without the message content intent its text, embeds, files and components are empty,
 * except in its own messages, in direct messages, and where it is mentioned.
 */
export function messageWire(world: World, message: Message, mayReadContent: boolean): Wire {
  const bot = world.application.userId;
  const channel = world.channel(message.channelId);
  const visible =
    mayReadContent || message.authorId === bot || channel.guildId === undefined || message.mentions.includes(bot);
  const reply = message.reference && world.messages.get(message.reference.messageId);
  return {
    id: message.id,
    channel_id: message.channelId,
    author: userWire(world.user(message.authorId)),
    content: visible ? message.content : '',
    timestamp: message.timestamp,
    edited_timestamp: message.editedTimestamp,
    tts: false,
    mention_everyone: message.mentionEveryone,
    mentions: message.mentions.map((id) => userWire(world.user(id))),
    mention_roles: [],
    attachments: visible ? message.attachments.map((file) => attachmentWire(world, message, file)) : [],
    embeds: visible ? message.embeds : [],
    components: visible ? message.components : [],
    reactions: [...message.reactions].map(([emoji, users]) => ({
      emoji: emojiWire(emoji),
      count: users.size,
      count_details: { burst: 0, normal: users.size },
      me: users.has(bot),
      me_burst: false,
      burst_colors: [],
    })),
    pinned: false,
    type: message.type,
    flags: message.flags,
    ...(message.nonce !== undefined && { nonce: message.nonce }),
    ...(message.applicationId && { application_id: message.applicationId }),
    ...(message.reference && {
      message_reference: {
        type: 0,
        message_id: message.reference.messageId,
        channel_id: message.reference.channelId,
        guild_id: channel.guildId,
      },
      referenced_message: reply ? messageWire(world, { ...reply, reference: undefined }, mayReadContent) : null,
    }),
    ...(message.interaction && {
      interaction_metadata: {
        id: message.interaction.id,
        type: message.interaction.type,
        user: userWire(world.user(message.interaction.userId)),
        authorizing_integration_owners: {},
        ...(message.interaction.name && { name: message.interaction.name }),
      },
    }),
  };
}

function attachmentWire(world: World, message: Message, file: Message['attachments'][number]): Wire {
  const url = `${world.url}/attachments/${message.channelId}/${file.id}/${encodeURIComponent(file.filename)}`;
  return {
    id: file.id,
    filename: file.filename,
    ...(file.description && { description: file.description }),
    content_type: file.contentType,
    size: file.bytes.length,
    url,
    proxy_url: url,
  };
}

/** The fields that MESSAGE_CREATE and MESSAGE_UPDATE add in a guild. */
export function messageEventWire(world: World, message: Message, intents: number): Wire {
  const channel = world.channel(message.channelId);
  const guild = channel.guildId === undefined ? undefined : world.guild(channel.guildId);
  return {
    ...messageWire(world, message, (intents & INTENTS.messageContent) !== 0),
    channel_type: channel.type,
    ...(guild && { guild_id: guild.id, member: memberWire(guild, message.authorId) }),
  };
}

export function mayReadContentOverRest(world: World): boolean {
  return world.application.privileged.messageContent;
}

export function permissionText(value: bigint): string {
  return String(value & Object.values(PERMISSIONS).reduce((sum, bit) => sum | bit, 0n));
}
