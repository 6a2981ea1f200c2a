/** What the local Discord keeps, and the shapes it speaks in. */

/** JSON whose shape the public documentation gives. */
export type Wire = Record<string, unknown>;

export interface User {
  id: string;
  username: string;
  globalName: string;
  bot: boolean;
  /** What their Discord is set to; comes with interactions. */
  locale: string;
  /** Whether the user takes direct messages from the bot. */
  takesDirectMessages: boolean;
}

export interface Role {
  id: string;
  name: string;
  permissions: bigint;
}

export interface GuildMember {
  roles: string[];
  joinedAt: string;
}

export interface Guild {
  id: string;
  name: string;
  ownerId: string;
  locale: string;
  roles: Map<string, Role>;
  members: Map<string, GuildMember>;
}

export interface Overwrite {
  /** A role's or a member's id. */
  id: string;
  type: 0 | 1;
  allow: bigint;
  deny: bigint;
}

export const CHANNEL_TYPES = { text: 0, direct: 1, publicThread: 11 } as const;

export interface Channel {
  id: string;
  type: number;
  guildId?: string;
  name: string;
  parentId?: string;
  ownerId?: string;
  recipients?: string[];
  overwrites: Overwrite[];
}

export interface Attachment {
  id: string;
  filename: string;
  /** Alternative text. */
  description?: string;
  contentType: string;
  bytes: Uint8Array;
}

export interface Message {
  id: string;
  channelId: string;
  authorId: string;
  type: number;
  content: string;
  timestamp: string;
  editedTimestamp: string | null;
  nonce?: string | number;
  /** Users who were notified: mentioned, and not suppressed by allowed_mentions. */
  mentions: string[];
  mentionEveryone: boolean;
  flags: number;
  embeds: Wire[];
  components: Wire[];
  attachments: Attachment[];
  reference?: { messageId: string; channelId: string };
  /** Users by emoji, in the order of the first of each. */
  reactions: Map<string, Set<string>>;
  /** The interaction it answers. */
  interaction?: { id: string; name?: string; userId: string; type: number };
  applicationId?: string;
  /** Only this user sees it; it is no message of the channel. */
  ephemeralFor?: string;
}

export const MESSAGE_FLAGS = { ephemeral: 64, loading: 128 } as const;

export interface Application {
  id: string;
  token: string;
  userId: string;
  /** Privileged intents switched on in the developer portal. */
  privileged: { members: boolean; presences: boolean; messageContent: boolean };
  /** "Public Bot" and "Requires OAuth2 Code Grant"; on and off unless they are set. */
  isPublic?: boolean;
  requiresCodeGrant?: boolean;
  /** Connections to the gateway left today; plenty unless it is set. */
  connectionsLeft?: number;
}

/** What a person began, and what the application has answered. */
export interface Interaction {
  id: string;
  token: string;
  /** 2 command, 3 component, 5 modal. */
  type: number;
  name?: string;
  userId: string;
  channelId: string;
  createdAt: number;
  /** The message a pressed button stands on. */
  messageId?: string;
  answer: { type: number; data: Wire } | null;
  /** Milliseconds until it was answered. */
  answeredAfter: number | null;
  /** The message the answer became. */
  originalId?: string;
  followups: string[];
}

/** An event on its way to the gateway's sessions. */
export interface Dispatch {
  name: string;
  guildId?: string;
  channelId?: string;
  /** Intents of which one is needed; 0 for what everybody gets. */
  intents: number;
  /** The data for a session that has these intents. */
  data(intents: number): Wire;
}

export const INTENTS = {
  guilds: 1 << 0,
  members: 1 << 1,
  presences: 1 << 8,
  guildMessages: 1 << 9,
  guildReactions: 1 << 10,
  directMessages: 1 << 12,
  directReactions: 1 << 13,
  messageContent: 1 << 15,
} as const;

/** An answer of the REST API that is an error. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly errors?: Wire,
  ) {
    super(message);
  }
}

export const API_ERRORS = {
  unknownChannel: () => new ApiError(404, 10003, 'Unknown Channel'),
  unknownGuild: () => new ApiError(404, 10004, 'Unknown Guild'),
  unknownMember: () => new ApiError(404, 10007, 'Unknown Member'),
  unknownMessage: () => new ApiError(404, 10008, 'Unknown Message'),
  unknownUser: () => new ApiError(404, 10013, 'Unknown User'),
  unknownEmoji: () => new ApiError(400, 10014, 'Unknown Emoji'),
  unknownWebhook: () => new ApiError(404, 10015, 'Unknown Webhook'),
  unknownInteraction: () => new ApiError(404, 10062, 'Unknown interaction'),
  tooManyReactions: () => new ApiError(400, 30010, 'Maximum number of reactions reached (20)'),
  alreadyAcknowledged: () => new ApiError(400, 40060, 'Interaction has already been acknowledged.'),
  missingAccess: () => new ApiError(403, 50001, 'Missing Access'),
  notYours: () => new ApiError(403, 50005, 'Cannot edit a message authored by another user'),
  empty: () => new ApiError(400, 50006, 'Cannot send an empty message'),
  noDirectMessages: () => new ApiError(403, 50007, 'Cannot send messages to this user'),
  missingPermissions: () => new ApiError(403, 50013, 'Missing Permissions'),
  invalidToken: () => new ApiError(401, 50027, 'Invalid Webhook Token'),
  /** `path` like `embeds.0.description`; what is wrong there. */
  invalidForm: (path: string, code: string, message: string) => {
    const errors = path
      .split('.')
      .reverse()
      .reduce<Wire>((inner, key) => ({ [key]: inner }), { _errors: [{ code, message }] });
    return new ApiError(400, 50035, 'Invalid Form Body', errors);
  },
} as const;
