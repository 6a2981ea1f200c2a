/** Who and where: the application, users, guilds, channels, threads; and where the gateway is. */
import { permissionsOf } from '../permissions.js';
import { snowflake } from '../snowflake.js';
import { API_ERRORS } from '../types.js';
import { channelWire, guildWire, memberWire, userWire } from '../wire.js';
import type { World } from '../world.js';
import { channelFor, type Route } from './route.js';

export function placeRoutes(shards: () => { count: number; maxConcurrency: number }): readonly Route[] {
  const gateway = (world: World) => world.gatewayUrl ?? `${world.url.replace(/^http/, 'ws')}/gateway`;
  return [
    { method: 'GET', path: '/gateway', open: true, handle: ({ world }) => ({ url: gateway(world) }) },
    {
      method: 'GET',
      path: '/gateway/bot',
      handle: ({ world }) => ({
        url: gateway(world),
        shards: shards().count,
        session_start_limit: {
          total: 1_000,
          remaining: world.application.connectionsLeft ?? 999,
          reset_after: 3_600_000,
          max_concurrency: shards().maxConcurrency,
        },
      }),
    },
    { method: 'GET', path: '/users/@me', handle: ({ world }) => userWire(world.user(world.application.userId)) },
    {
      method: 'GET',
      path: '/users/@me/guilds',
      handle: ({ world, query }) => {
        const bot = world.application.userId;
        const later = [...world.guilds.values()].filter(
          ({ id, members }) => members.has(bot) && BigInt(id) > BigInt(query.get('after') ?? 0),
        );
        return later.slice(0, Number(query.get('limit') ?? 200)).map((guild) => ({
          id: guild.id,
          name: guild.name,
          icon: null,
          owner: guild.ownerId === bot,
          permissions: String(permissionsOf(guild, bot)),
          features: [],
        }));
      },
    },
    { method: 'GET', path: '/users/:user', handle: ({ world, params }) => userWire(world.user(params.user)) },
    {
      method: 'POST',
      path: '/users/@me/channels',
      handle: ({ world, body }) => channelWire(world, world.directChannel(world.user(String(body.recipient_id)).id)),
    },
    { method: 'GET', path: '/applications/@me', handle: ({ world }) => applicationWire(world) },
    { method: 'GET', path: '/oauth2/applications/@me', handle: ({ world }) => applicationWire(world) },
    {
      method: 'GET',
      path: '/channels/:channel',
      handle: ({ world, params }) => channelWire(world, channelFor(world, params.channel)),
    },
    {
      method: 'GET',
      path: '/guilds/:guild',
      handle: ({ world, params }) => guildWire(world, ownGuild(world, params.guild)),
    },
    {
      method: 'GET',
      path: '/guilds/:guild/channels',
      handle: ({ world, params }) => {
        const guild = ownGuild(world, params.guild);
        const own = [...world.channels.values()].filter(({ guildId, parentId }) => guildId === guild.id && !parentId);
        return own.map((channel) => channelWire(world, channel));
      },
    },
    {
      method: 'GET',
      path: '/guilds/:guild/members/:user',
      handle: ({ world, params }) => {
        const guild = ownGuild(world, params.guild);
        const user = world.user(params.user);
        if (!guild.members.has(user.id)) throw API_ERRORS.unknownMember();
        return { ...memberWire(guild, user.id), user: userWire(user) };
      },
    },
    {
      method: 'POST',
      path: '/channels/:channel/messages/:message/threads',
      handle: ({ world, params, body }) => {
        const parent = channelFor(world, params.channel, 'CREATE_PUBLIC_THREADS');
        const message = world.message(parent.id, params.message);
        const thread = world.addThread(parent, String(body.name), world.application.userId, message.id);
        return channelWire(world, thread);
      },
    },
    {
      method: 'POST',
      path: '/channels/:channel/threads',
      handle: ({ world, params, body }) => {
        const parent = channelFor(world, params.channel, 'CREATE_PUBLIC_THREADS');
        return channelWire(world, world.addThread(parent, String(body.name), world.application.userId, snowflake()));
      },
    },
  ];
}

function ownGuild(world: World, id: string) {
  const guild = world.guild(id);
  if (!guild.members.has(world.application.userId)) throw API_ERRORS.missingAccess();
  return guild;
}

/** The flags are the "limited" ones, which applications in fewer than 100 guilds have. */
function applicationWire(world: World) {
  const { id, privileged } = world.application;
  const flags =
    (privileged.presences ? 1 << 13 : 0) |
    (privileged.members ? 1 << 15 : 0) |
    (privileged.messageContent ? 1 << 19 : 0);
  return {
    id,
    name: 'palate',
    icon: null,
    description: '',
    bot_public: world.application.isPublic ?? true,
    bot_require_code_grant: world.application.requiresCodeGrant ?? false,
    flags,
    bot: userWire(world.user(world.application.userId)),
    owner: null,
    team: null,
    verify_key: '0'.repeat(64),
    approximate_guild_count: world.guilds.size,
  };
}
