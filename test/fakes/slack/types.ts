/** What exists on the local Slack, and its shapes on the wire. */

/** JSON as it goes over the wire. */
// biome-ignore lint/suspicious/noExplicitAny: payloads are read by their documented field names.
export type Wire = Record<string, any>;

export interface Team {
  id: string;
  name: string;
  /** The Enterprise Grid organisation it belongs to. */
  enterpriseId: string | null;
}

export interface User {
  id: string;
  teamId: string;
  name: string;
  locale: string;
  isBot: boolean;
  isAdmin: boolean;
  isDeactivated: boolean;
}

/** The app as it is installed in one workspace, or in a whole organisation (`teamId` null). */
export interface Install {
  teamId: string | null;
  enterpriseId: string | null;
  token: string;
  botId: string;
  botUserId: string;
  scopes: string[];
}

export interface Channel {
  id: string;
  teamId: string;
  name: string;
  kind: 'channel' | 'group' | 'im';
  members: Set<string>;
  /** The person of a direct channel. */
  userId?: string;
}

export interface Message {
  ts: string;
  channel: string;
  user: string;
  botId?: string;
  text: string;
  blocks: Wire[];
  /** The text that was streamed; shown above the blocks. */
  streamed?: string;
  streaming?: boolean;
  threadTs?: string;
  metadata?: Wire;
  /** Who reacted, by emoji name, in order. */
  reactions: Map<string, string[]>;
  edits: number;
  ephemeralFor?: string;
}

/** A slash command, or a press of a button, and what became of it. */
export interface Interaction {
  id: string;
  userId: string;
  channel: string | null;
  /** Milliseconds until the app acknowledged; null while it has not. */
  answeredAfter: number | null;
  /** Whether the person saw that it failed. */
  failed: boolean;
  /** The messages it brought, ephemeral ones included. */
  answers: Message[];
  /** The body of the acknowledgement. */
  acknowledged: Wire | null;
  message?: Message;
  threadTs?: string;
  responses: number;
}
