/** Slack's payloads as far as the bot reads them. Every part may be missing. */
import type { Context } from '@slack/bolt';
import type { SlackQuestion } from './bot.js';

/** A message event: `app_mention`, or `message` in a direct channel. */
export interface MessageEvent {
  type: string;
  subtype?: string;
  channel?: string;
  channel_type?: string;
  user?: string;
  bot_id?: string;
  text?: string;
  ts?: string;
  thread_ts?: string;
}

export interface ReactionEvent {
  type: 'reaction_added' | 'reaction_removed';
  user?: string;
  reaction?: string;
  item?: { type?: string; channel?: string; ts?: string };
  event_ts?: string;
}

/** The envelope of an event. */
export interface SlackEvent {
  team_id?: string;
  event?: MessageEvent;
  authorizations?: { team_id?: string | null; enterprise_id?: string | null; is_enterprise_install?: boolean }[];
}

/** Subtypes of messages that somebody wrote to be read. */
const WRITTEN = [undefined, 'file_share', 'thread_broadcast'];

/** The question that an event brings; null where it brings none. */
export function questionIn({ team_id, event, authorizations }: SlackEvent): SlackQuestion | null {
  if (!event || !isQuestion(event)) return null;
  const { channel, ts, thread_ts } = event as MessageEvent & { channel: string; ts: string };
  const [install] = authorizations ?? [];
  const team = install?.team_id ?? team_id ?? '';
  const scope = (install?.is_enterprise_install ? install.enterprise_id : team) ?? team;
  return {
    scope,
    team,
    channel,
    id: ts,
    isMessage: true,
    thread: thread_ts ?? undefined,
    direct: event.type === 'message',
  };
}

/** Whether a message speaks to the bot: a mention, or a message in the direct channel. */
export function isQuestion({ type, subtype, channel, channel_type, user, bot_id, ts }: MessageEvent): boolean {
  if (!channel || !ts || !user || bot_id != null || !WRITTEN.includes(subtype ?? undefined)) return false;
  return type === 'app_mention' || (type === 'message' && channel_type === 'im');
}

/** The installation that an event, command or press came through. */
export function scopeOf({ isEnterpriseInstall, enterpriseId, teamId }: Context): string {
  return (isEnterpriseInstall ? enterpriseId : teamId) ?? '';
}
