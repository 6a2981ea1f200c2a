/**
 * Claim: from a message to the first text of the reply a bot adds at most 30 ms (median) over the same prompt by generationStream.
 * One gateway and one model; the bots are connected to a local Discord and a local Slack. In every round each way is taken once, in
 * turn, so that whatever else happens on the machine happens to all of them.
 */
import { setTimeout } from 'node:timers/promises';
import manifest from '../bots/slack/manifest.json' with { type: 'json' };
import type { PalateClient } from '../src/client/index.js';
import { startDiscord } from '../test/fakes/discord/server.js';
import { startSlack } from '../test/fakes/slack/server.js';
import { READING_MS } from './gateway-calls.js';
import { startGateway } from './gateway-under-test.js';
import { type BotOptions, writeResult } from './report.js';
import { distribution, quantile } from './statistics.js';
import { VOTE_PROMPTS } from './taste/prompts.js';

/** The shortest reply that bots may be set to; what comes behind the first text is not measured. */
const MAX_TOKENS = 8;
const CANDIDATES = 2;
/** They ask in turn, so that on a fast machine too nobody asks more often than a member may. */
const NAMES = ['ada', 'ben', 'cyd', 'dan', 'eve', 'fay'];
/** Rounds before the clock counts. */
const WARM_UP = 2;
/** Buttons alone: reactions come behind the reply, one by one. */
const SETTINGS = { candidates: CANDIDATES, maxTokens: MAX_TOKENS, controls: 'buttons', askConsent: false };

/** One way to ask. Resolves when the reply is complete, with the milliseconds that its first text took. */
type Way = (prompt: string) => Promise<number>;

export async function benchBots({ rounds, settings }: BotOptions): Promise<void> {
  const gateway = await startGateway({ ...settings, plugins: 'discord,slack' });
  const closing: (() => Promise<void>)[] = [];
  try {
    const discord = await discordWay(gateway.client, closing);
    const slack = await slackWay(gateway.client, closing);
    const times = await takeTurns({ generationStream: graphqlWay(gateway.client), discord, slack }, rounds);
    const milliseconds = Object.fromEntries(
      Object.entries(times).map(([name, values]) => [name, distribution(values)]),
    );
    console.table(milliseconds);
    const added = {
      discord: addedBy(times.discord, times.generationStream),
      slack: addedBy(times.slack, times.generationStream),
    };
    console.table(added);
    await writeResult('bots', { rounds, maxTokens: MAX_TOKENS, candidates: CANDIDATES, milliseconds, added });
  } finally {
    await gateway.stop();
    for (const close of closing) await close();
  }
}

/** Every way once a round, in all orders; between them a pause in which the service reads what was written. */
async function takeTurns<Name extends string>(
  ways: Record<Name, Way>,
  rounds: number,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(ways) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const prompt = VOTE_PROMPTS[round % VOTE_PROMPTS.length];
    for (const name of order(names, round)) {
      await setTimeout(READING_MS);
      const time = await ways[name](prompt);
      if (round >= WARM_UP) times[name].push(time);
    }
  }
  return times;
}

/** Begins with another one each time, and goes round the other way every second time. */
function order<Name>(names: readonly Name[], round: number): Name[] {
  const begun = round % names.length;
  const turned = [...names.slice(begun), ...names.slice(0, begun)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** What a way takes more than the other, round by round. */
function addedBy(ours: readonly number[], theirs: readonly number[]) {
  const differences = ours.map((time, round) => time - theirs[round]);
  const ratios = ours.map((time, round) => time / theirs[round]);
  return {
    'added (median, ms)': Math.round(10 * quantile(differences, 0.5)) / 10,
    'ratio (median)': Math.round(1_000 * quantile(ratios, 0.5)) / 1_000,
  };
}

/** The subscription over a WebSocket, as any program reads it. */
function graphqlWay(client: PalateClient): Way {
  const member = { platform: 'bench', externalId: 'reader' };
  return async (prompt) => {
    let first: number | null = null;
    const begun = performance.now();
    for await (const event of client.generateStream({
      member,
      prompt,
      candidateCount: CANDIDATES,
      maxTokens: MAX_TOKENS,
    })) {
      if (event.__typename === 'CandidateDelta' && event.text.trim() !== '') first ??= performance.now() - begun;
    }
    if (first === null) throw new Error(`Nothing was written about: ${prompt}`);
    return first;
  };
}

/** A mention in a channel of a server; each in a channel of its own, for Discord counts edits by channel. */
async function discordWay(client: PalateClient, closing: (() => Promise<void>)[]): Promise<Way> {
  const discord = await startDiscord({ rateLimits: null });
  closing.push(discord.stop);
  const { world, people } = discord;
  const askers = NAMES.map((name) => world.addUser(name));
  const channel = world.addChannel(world.addGuild('Home', askers[0], askers.slice(1)), 'general');
  const next = roundRobin(askers);
  await run(client, 'discord', { ...SETTINGS, token: discord.token, api: discord.api });
  return async (prompt) => {
    const begun = performance.now();
    const question = people.say(next(), channel.id, `<@${world.application.userId}> ${prompt}`);
    const reply = await discord.until('a reply', () =>
      world
        .messagesIn(channel.id)
        .find(({ reference, content }) => reference?.messageId === question.id && content !== ''),
    );
    const first = performance.now() - begun;
    await discord.until('the whole reply', () => people.buttons(reply).has('A'));
    return first;
  };
}

/** A mention in a channel, by Socket Mode. */
async function slackWay(client: PalateClient, closing: (() => Promise<void>)[]): Promise<Way> {
  const slack = await startSlack({ tiers: null });
  closing.push(slack.stop);
  const { world, people, secrets } = slack;
  const team = world.addTeam('home');
  const askers = NAMES.map((name) => world.addUser(team, name));
  const channel = world.addChannel(team, 'general', askers);
  const next = roundRobin(askers);
  const { token, botUserId } = world.install(team, manifest.oauth_config.scopes.bot);
  channel.members.add(botUserId);
  await run(client, 'slack', { ...SETTINGS, botToken: token, appToken: secrets.appToken, port: 0, api: slack.api });
  return async (prompt) => {
    const begun = performance.now();
    const { ts } = people.say(next(), channel.id, `<@${botUserId}> ${prompt}`);
    const reply = await slack.until('a reply', () =>
      world.thread(channel.id, ts).find(({ user }) => user === botUserId),
    );
    const first = performance.now() - begun;
    await slack.until('the whole reply', () => people.buttons(reply).has('A'));
    return first;
  };
}

function roundRobin<T>(all: readonly T[]): () => T {
  let taken = 0;
  return () => all[taken++ % all.length];
}

/** Sets a plugin up as admins do, and waits until it runs. */
async function run(client: PalateClient, name: string, settings: Record<string, unknown>): Promise<void> {
  const values = Object.entries(settings).map(([field, value]) => ({
    name: field,
    // Texts are given as they are, everything else as JSON.
    value: typeof value === 'string' ? value : JSON.stringify(value),
  }));
  await client.configurePlugin(name, { values });
  await client.startPlugin(name);
  for await (const plugin of client.pluginStatus()) {
    if (plugin.name !== name || plugin.status === 'STARTING') continue;
    if (plugin.status === 'RUNNING') return;
    throw new Error(`The plugin ${name} does not run: ${plugin.status}, ${plugin.message}`);
  }
}
