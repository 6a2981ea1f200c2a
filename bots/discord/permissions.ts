/** What the bot needs in a channel, and which of it is missing. */
import { type GuildTextBasedChannel, PermissionFlagsBits } from 'discord.js';

const NEEDED = {
  'View Channel': PermissionFlagsBits.ViewChannel,
  'Send Messages': PermissionFlagsBits.SendMessages,
  'Read Message History': PermissionFlagsBits.ReadMessageHistory,
} as const;

/** The missing permissions by the names that Discord shows; empty when the bot can answer there. */
export function missingPermissions(channel: GuildTextBasedChannel): string[] {
  const me = channel.guild.members.me;
  const granted = me && channel.permissionsFor(me);
  if (!granted) return [];
  return Object.entries(NEEDED).flatMap(([name, bit]) => {
    if (name !== 'Send Messages' || !channel.isThread()) return granted.has(bit) ? [] : [name];
    return granted.has(PermissionFlagsBits.SendMessagesInThreads) ? [] : ['Send Messages in Threads'];
  });
}
