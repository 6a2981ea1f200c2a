import manifest from '../../../bots/slack/manifest.json' with { type: 'json' };
import { textIn } from '../../fakes/slack/blocks.js';
import { GENEROUS, type Tier } from '../../fakes/slack/rate-limits.js';
import { type Slack, type SlackOptions, startSlack } from '../../fakes/slack/server.js';
import type { Channel, Install, Message, Team, User } from '../../fakes/slack/types.js';
import { openPluginFixture, type PluginFixture } from '../../plugins/fixture.js';
import { freePort } from '../../support/free-port.js';

export const SCOPES = manifest.oauth_config.scopes.bot;

export interface Verdict {
  id: string;
  verdict: string;
  state: string;
  generation: string;
  chosen: string | null;
}

export interface BotFixture {
  slack: Slack;
  place: PluginFixture;
  team: Team;
  install: Install;
  ada: User;
  bob: User;
  channel: Channel;
  /** Where the bot listens, with HTTP. */
  botUrl: string;
  /** Writes a message that mentions the bot; in a direct channel it needs no mention. */
  ask(user: User, text: string, at?: { channel?: string; threadTs?: string }): Message;
  /** The bot's finished reply to a message: the last message of its answer, with its reactions on it. */
  reply(question: Message, reactions?: number): Promise<Message>;
  /** The bot's messages in a channel. */
  written(channelId?: string): Message[];
  /** The member's active verdicts. */
  verdicts(user: User, scope?: string): Promise<Verdict[]>;
  /** Waits until the member's only active verdict is this one; null for none. */
  ledger(user: User, expected: string | null, scope?: string): Promise<void>;
  /** Ends the service and starts it again on the same data. */
  restart(between?: () => void | Promise<void>): Promise<void>;
  configure(values: Record<string, unknown>): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds a test waits for anything: other tests may keep the machine busy. */
export const PATIENCE_MS = 120_000;

/** Limits without the waits that tests would sit through. */
export const QUICK: Readonly<Record<string, Tier>> = Object.fromEntries(
  ['postMessage', 'postEphemeral', 'update', 'startStream', 'appendStream', 'stopStream']
    .map((method) => `chat.${method}`)
    .concat('reactions.add', 'reactions.get', 'conversations.open', 'users.info', 'conversations.replies')
    .map((method) => [method, GENEROUS]),
);

export interface ServicesFixtureOptions {
  slack?: SlackOptions;
  config?: Record<string, unknown>;
  publicUrl?: string;
  transport?: 'socket' | 'http';
  /** Whether the bot is installed by OAuth, in no workspace yet. */
  several?: boolean;
  before?: (slack: Slack) => void;
}

export async function openBotFixture(options: ServicesFixtureOptions = {}): Promise<BotFixture> {
  const slack = await startSlack({
    tiers: QUICK,
    delivery: { retryMs: [30, 300, 2_000] },
    ...options.slack,
  });
  const { world } = slack;
  const team = world.addTeam('home');
  const [ada, bob] = ['ada', 'bob'].map((name) => world.addUser(team, name));
  const channel = world.addChannel(team, 'general', [ada, bob]);
  const install = options.several ? (undefined as unknown as Install) : world.install(team, SCOPES);
  if (install) channel.members.add(install.botUserId);
  options.before?.(slack);
  const port = await freePort();
  const botUrl = `http://127.0.0.1:${port}`;
  const { secrets } = slack;
  if (options.transport === 'http') slack.delivery.requestUrl = `${botUrl}/slack/events`;
  let place = await openPluginFixture({ plugins: ['slack'], publicUrl: options.publicUrl });
  const configure = async (config: Record<string, unknown>) => {
    // Texts are given as they are, everything else as JSON.
    const values = Object.entries(config).map(([name, value]) => ({
      name,
      value: typeof value === 'string' ? value : JSON.stringify(value),
    }));
    await place.admin.configurePlugin('slack', { values });
  };
  await configure({
    ...(options.several
      ? { clientId: secrets.clientId, clientSecret: secrets.clientSecret, publicUrl: botUrl }
      : { botToken: install.token }),
    ...(options.transport === 'http' ? { signingSecret: secrets.signingSecret } : { appToken: secrets.appToken }),
    port,
    api: slack.api,
    askConsent: false,
    maxTokens: 12,
    ...options.config,
  });
  await place.admin.startPlugin('slack');
  const { status, message } = await place.until('slack', ({ status }) => status !== 'STARTING' && status !== 'STOPPED');
  if (status !== 'RUNNING') throw new Error(`The bot does not run: ${status}, ${message}`);

  const isOwn = ({ user }: Message) => world.users.get(user)?.isBot === true;
  const fixture: BotFixture = {
    slack,
    get place() {
      return place;
    },
    team,
    install,
    ada,
    bob,
    channel,
    botUrl,
    ask: (user, text, at = {}) => {
      const id = at.channel ?? channel.id;
      const { kind, teamId } = world.channel(id);
      const bot = world.installIn(teamId)?.botUserId;
      return slack.people.say(user, id, kind === 'im' ? text : `<@${bot}> ${text}`, { threadTs: at.threadTs });
    },
    reply: (question, reactions = 5) =>
      slack.until(`the reply to ${question.text}`, () => {
        const later = world.messagesIn(question.channel).filter((one) => isOwn(one) && one.ts > question.ts);
        return later.find((one) => one.reactions.size >= reactions && !one.streaming && !isGrowing(one));
      }),
    written: (id = channel.id) => world.messagesIn(id).filter(isOwn),
    verdicts: async (user, scope = team.id) => {
      const member = await place.admin.member({ platform: 'slack', externalId: user.id, scope });
      if (!member) return [];
      const { nodes } = await place.admin.feedback(member.id, { first: 100 });
      return nodes.map(({ id, verdict, state, generation, chosen }) => ({
        id,
        verdict,
        state,
        generation: generation.id,
        chosen: chosen?.id ?? null,
      }));
    },
    ledger: async (user, expected, scope) => {
      for (const end = Date.now() + PATIENCE_MS; ; ) {
        const found = await Promise.all(
          (await fixture.verdicts(user, scope)).map(async ({ verdict, chosen, generation }) => {
            if (chosen === null) return verdict;
            const { candidates = [] } = (await place.admin.generation(generation)) ?? {};
            return `${verdict} ${candidates.find(({ id }) => id === chosen)?.text}`;
          }),
        );
        if (found.length === (expected === null ? 0 : 1) && (found[0] ?? null) === expected) return;
        if (Date.now() > end) throw new Error(`The ledger holds ${JSON.stringify(found)}, not ${expected}.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    restart: async (between) => {
      const { folder } = place;
      await place.stop();
      await between?.();
      place = await openPluginFixture({ plugins: ['slack'], folder });
      await place.until('slack', ({ status }) => status === 'RUNNING');
    },
    configure,
    close: async () => {
      await place.close();
      await slack.stop();
    },
  };
  return fixture;
}

/** What people read of a message. */
export function textOf({ text, blocks, streamed }: Message): string {
  const written = textIn(blocks);
  return streamed === undefined ? written || text : `${streamed}${written}`;
}

function isGrowing(message: Message): boolean {
  return textOf(message).endsWith('…');
}

/** The replies that messages show, by letter. */
export function shown(...messages: Message[]): Map<string, string> {
  const parts = messages
    .flatMap((message) => textOf(message).split('\n\n'))
    .flatMap((part) => /^\*\*([A-H])\*\*\n([\s\S]+)$/.exec(part) ?? []);
  const replies = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 3) replies.set(parts[i + 1], parts[i + 2]);
  return replies;
}

export function chosen(message: Message, letter: string): string {
  return `CHOSEN ${shown(message).get(letter)}`;
}
