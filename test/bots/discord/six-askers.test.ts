/** Six people ask in one channel at once, under the limits that Discord is seen to have: counted in requests, not in time. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Message, User } from '../../fakes/discord/types.js';
import { type BotFixture, openBotFixture } from './fixture.js';

let fixture: BotFixture;
afterEach(() => fixture.close());

/** Discord's own limits; each of six reactions a message would be waited for without telling anything here. */
const REAL = {
  rateLimits: { 'POST messages': { limit: 5, windowMs: 5_000 }, 'PATCH messages': { limit: 5, windowMs: 5_000 } },
};

function crowd(): User[] {
  const people = Array.from({ length: 6 }, (_, i) => fixture.discord.world.addUser(`asker-${i}`));
  for (const { id } of people) fixture.guild.members.set(id, { roles: [], joinedAt: '' });
  return people;
}

const labels = (body: Record<string, unknown>) => JSON.stringify(body.components ?? []);
const isGrowing = (body: Record<string, unknown>) => labels(body).includes('palate:stop:');
const isFinal = (body: Record<string, unknown>) => labels(body).includes('palate:vote:');

describe('six askers', () => {
  it('get their finished answers before anything that grows, and nothing is turned away', async () => {
    fixture = await openBotFixture({ discord: REAL, config: { maxTokens: 600, controls: 'buttons' } });
    const { discord, place, channel } = fixture;
    const { runtime } = place;
    const edits = () => discord.rest.served.filter(({ method, path }) => method === 'PATCH' && /messages/.test(path));
    /** How many edits had been served when each answer was finished. */
    const finishedAt: number[] = [];
    const generate = runtime.generate.bind(runtime);
    runtime.generate = async (...args) => {
      const rows = await generate(...args);
      finishedAt.push(edits().length);
      return rows;
    };
    const questions = crowd().map((user) => fixture.ask(user, 'hello'));
    await discord.until(
      'all answers',
      () => {
        const replies = discord.world.messagesIn(channel.id).filter(({ reference }) => reference);
        return replies.filter((one) => discord.people.buttons(one).has('A')).length === questions.length;
      },
      120_000,
    );
    expect(finishedAt).toHaveLength(6);
    const all = edits();
    expect(all.filter(({ body }) => isFinal(body))).toHaveLength(6);
    const last = Math.max(...finishedAt);
    // What was on its way may still arrive; then there are finals alone.
    expect(all.slice(last).filter(({ body }) => isGrowing(body)).length).toBeLessThanOrEqual(1);
    expect(discord.rest.served.filter(({ status }) => status === 429)).toEqual([]);
  });

  it('who have to wait are told so at once, with their place', async () => {
    fixture = await openBotFixture({ config: { candidates: 4 } });
    const { discord, place, channel } = fixture;
    let release = () => {};
    place.runtime.holdDecoding = new Promise((resolve) => {
      release = resolve;
    });
    const [first, ...others] = crowd();
    fixture.ask(first, 'hello');
    await discord.until('the first', () => place.runtime.requests.length === 1);
    const questions = others.map((user) => fixture.ask(user, 'hello'));
    const replyTo = (question: Message) =>
      discord.world.messagesIn(channel.id).find(({ reference }) => reference?.messageId === question.id);
    for (const question of questions) {
      const waiting = await discord.until('a word', () => {
        const said = replyTo(question);
        return said && /is next|waits, \d before it/.test(said.content) && said;
      });
      expect(discord.people.buttons(waiting).has('Stop')).toBe(true);
    }
    place.runtime.holdDecoding = undefined;
    release();
    for (const question of questions) await fixture.reply(question, 7);
  });
});
