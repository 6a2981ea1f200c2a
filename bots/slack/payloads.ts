/**
 * The shape of what Slack sends, as far as the bot reads it. What does not have it is acknowledged and left alone: it would be dealt with
 * wrongly, or end the bot.
 */
import { z } from '../../src/plugins/contract.js';

/** Ids of workspaces, organisations, channels, people. */
const id = z.string().regex(/^[A-Z0-9]{1,64}$/);
const moment = z.string().regex(/^\d{1,16}\.\d{1,16}$/);
const word = z.string().min(1).max(256);
const text = z.string().max(100_000);
const maybe = <Shape extends z.ZodType>(shape: Shape) => shape.nullish();
const parts = <Shape extends z.core.$ZodLooseShape>(shape: Shape) => z.looseObject(shape);

/** Every part that the bot reads of an event, whatever its type. Where the SDK looks into a part it may be missing, and not null. */
const event = parts({
  type: word,
  subtype: maybe(word),
  channel: id.optional(),
  channel_type: maybe(word),
  user: id.optional(),
  bot_id: maybe(word),
  text: maybe(text),
  ts: maybe(moment),
  thread_ts: maybe(moment),
  event_ts: maybe(moment),
  reaction: maybe(word),
  item: parts({ type: maybe(word), channel: id.optional(), ts: maybe(moment) }).optional(),
  tab: maybe(word),
  tokens: maybe(parts({ bot: maybe(z.array(word)) })),
});

/** Events whose channel or user is not an id, or that the bot reads more of. */
const OTHER_EVENTS: Readonly<Record<string, z.ZodType>> = {
  app_home_opened: parts({ user: id, tab: maybe(word) }),
  assistant_thread_started: parts({
    assistant_thread: parts({ user_id: id, channel_id: id, thread_ts: moment }),
  }),
  reaction_added: parts({ user: id, reaction: word, event_ts: moment, item: parts({ type: word }) }),
  reaction_removed: parts({ user: id, reaction: word, event_ts: moment, item: parts({ type: word }) }),
};

const install = parts({ team_id: maybe(id), enterprise_id: maybe(id), is_enterprise_install: maybe(z.boolean()) });

const envelope = parts({
  type: z.literal('event_callback'),
  event_id: word,
  team_id: maybe(id),
  enterprise_id: maybe(id),
  event,
  authorizations: maybe(z.array(install)),
}).refine(({ event }) => OTHER_EVENTS[event.type]?.safeParse(event).success !== false);

const command = parts({
  command: word,
  user_id: id,
  channel_id: id,
  team_id: id,
  text: maybe(text),
  trigger_id: word,
  response_url: z.url(),
});

const thread = parts({ ts: maybe(moment), thread_ts: maybe(moment) });

const press = parts({
  type: z.literal('block_actions'),
  user: parts({ id }),
  team: maybe(parts({ id })),
  channel: parts({ id }).optional(),
  message: thread.optional(),
  container: parts({ message_ts: maybe(moment), thread_ts: maybe(moment) }),
  actions: z.array(parts({ type: word, action_id: word })).min(1),
  response_url: maybe(z.url()),
});

const payload = z.union([envelope, command, press]);

/** Whether a body, signed as it may be, is one that the bot can deal with. */
export function isReadable(body: unknown): boolean {
  return payload.safeParse(body).success;
}
