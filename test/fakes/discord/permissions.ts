/** Permission bits and how a member's permissions in a channel come about, as documented under "Permission Hierarchy". */
import type { Channel, Guild } from './types.js';

export const PERMISSIONS = {
  CREATE_INSTANT_INVITE: 1n << 0n,
  ADMINISTRATOR: 1n << 3n,
  MANAGE_CHANNELS: 1n << 4n,
  MANAGE_GUILD: 1n << 5n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  MANAGE_MESSAGES: 1n << 13n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
  MENTION_EVERYONE: 1n << 17n,
  USE_APPLICATION_COMMANDS: 1n << 31n,
  CREATE_PUBLIC_THREADS: 1n << 35n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
} as const;

export type PermissionName = keyof typeof PERMISSIONS;

export function bits(names: readonly PermissionName[]): bigint {
  return names.reduce((sum, name) => sum | PERMISSIONS[name], 0n);
}

export const ALL_PERMISSIONS = bits(Object.keys(PERMISSIONS) as PermissionName[]);

/** What everybody may do in a fresh guild. */
export const EVERYONE = bits([
  'CREATE_INSTANT_INVITE',
  'ADD_REACTIONS',
  'VIEW_CHANNEL',
  'SEND_MESSAGES',
  'EMBED_LINKS',
  'ATTACH_FILES',
  'READ_MESSAGE_HISTORY',
  'USE_APPLICATION_COMMANDS',
  'CREATE_PUBLIC_THREADS',
  'SEND_MESSAGES_IN_THREADS',
]);

/** In a direct message everything that makes sense there is allowed. */
const DIRECT = EVERYONE & ~bits(['CREATE_PUBLIC_THREADS']);

/** What a member's roles allow, before any channel has its say. */
export function permissionsOf(guild: Guild, userId: string): bigint {
  if (guild.ownerId === userId) return ALL_PERMISSIONS;
  const roles = [guild.id, ...(guild.members.get(userId)?.roles ?? [])];
  return roles.reduce((sum, id) => sum | (guild.roles.get(id)?.permissions ?? 0n), 0n);
}

/** A user's permissions in a channel: none for one who is not in the guild. A thread has its parent's overwrites. */
export function permissionsIn(
  guild: Guild | undefined,
  channel: Channel,
  parent: Channel | undefined,
  userId: string,
): bigint {
  if (!guild) return channel.recipients?.includes(userId) ? DIRECT : 0n;
  const member = guild.members.get(userId);
  if (!member) return 0n;
  if (guild.ownerId === userId) return ALL_PERMISSIONS;
  let allowed = permissionsOf(guild, userId);
  if (allowed & PERMISSIONS.ADMINISTRATOR) return ALL_PERMISSIONS;
  const overwrites = (parent ?? channel).overwrites;
  const apply = (ids: readonly string[]) => {
    const fitting = overwrites.filter(({ id }) => ids.includes(id));
    for (const { deny } of fitting) allowed &= ~deny;
    for (const { allow } of fitting) allowed |= allow;
  };
  apply([guild.id]);
  apply(member.roles);
  apply([userId]);
  return allowed & PERMISSIONS.VIEW_CHANNEL ? allowed : 0n;
}
