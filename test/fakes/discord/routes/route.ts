/** What a route of the REST API is. */
import type { PermissionName } from '../permissions.js';
import { API_ERRORS, type Attachment, type Channel, type Wire } from '../types.js';
import type { World } from '../world.js';

export interface RouteRequest {
  world: World;
  /** The path's parameters, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  body: Wire;
  /** A body that is a list, for bulk operations. */
  list: Wire[];
  files: Attachment[];
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Like `/channels/:channel/messages/:message`. */
  path: string;
  /** The rate-limit bucket's name; `other` where it has none of its own. */
  bucket?: string;
  /** Authorised by the interaction's token in the path, not by the bot's. */
  open?: boolean;
  /** The JSON to answer with; undefined means 204. */
  handle(request: RouteRequest): unknown;
}

/** The channel, if the bot sees it and may do all that. @throws ApiError 10003, 50001, 50013 */
export function channelFor(world: World, id: string, ...needed: PermissionName[]): Channel {
  const channel = world.channel(id);
  const bot = world.application.userId;
  if (!world.can(channel, bot, 'VIEW_CHANNEL')) throw API_ERRORS.missingAccess();
  if (!needed.every((name) => world.can(channel, bot, name))) throw API_ERRORS.missingPermissions();
  return channel;
}
