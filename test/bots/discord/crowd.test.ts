/** Five hundred members vote through every kind of trouble at once: in the end the ledger is what Discord shows. */
import { expect, it } from 'vitest';
import { Random } from '../../../src/common/random.js';
import type { Message, User } from '../../fakes/discord/types.js';
import { type BotFixture, openBotFixture, QUICK, shown } from './fixture.js';

const MEMBERS = 500;
const EMOJI = ['🇦', '🇧', '🤝', '🚫'];
/** Members asked about in one document: it may have thirty aliases. */
const BATCH = 25;

/** Members who react and take back, seeded; knows what each has left. */
class Crowd {
  readonly members: User[];
  private readonly left = new Map<string, string[]>();
  private readonly random = new Random('crowd');

  constructor(
    private readonly fixture: BotFixture,
    private readonly message: Message,
  ) {
    const { world } = fixture.discord;
    this.members = Array.from({ length: MEMBERS }, (_, i) => world.addUser(`member-${i}`));
    for (const { id } of this.members) fixture.guild.members.set(id, { roles: [], joinedAt: '' });
  }

  act(from: number, to: number): void {
    for (const member of this.members.slice(from, to)) {
      const own = this.left.get(member.id) ?? [];
      if (own.length > 0 && this.random.uniform() < 0.35) this.takeBack(member, own[this.random.integer(own.length)]);
      else this.leave(member, EMOJI[this.random.integer(EMOJI.length)]);
    }
  }

  /** Everybody takes away what they have and leaves at most one: then no order matters, which Discord does not tell. */
  settle(): void {
    for (const member of this.members) {
      for (const emoji of this.left.get(member.id) ?? []) this.takeBack(member, emoji);
      if (this.random.uniform() < 0.8) this.leave(member, EMOJI[this.random.integer(EMOJI.length)]);
    }
  }

  /** What the ledger is to hold, member by member. */
  votes(): (string | null)[] {
    const replies = shown(this.message);
    const meaning: Record<string, string> = {
      '🇦': `CHOSEN ${replies.get('A')}`,
      '🇧': `CHOSEN ${replies.get('B')}`,
      '🤝': 'TIE',
      '🚫': 'ALL_BAD',
    };
    return this.members.map(({ id }) => meaning[this.left.get(id)?.[0] ?? ''] ?? null);
  }

  private leave(member: User, emoji: string): void {
    this.fixture.discord.people.react(member, this.message, emoji);
    const own = this.left.get(member.id) ?? [];
    if (!own.includes(emoji)) this.left.set(member.id, [...own, emoji]);
  }

  private takeBack(member: User, emoji: string): void {
    this.fixture.discord.people.unreact(member, this.message, emoji);
    this.left.set(
      member.id,
      (this.left.get(member.id) ?? []).filter((one) => one !== emoji),
    );
  }
}

/** The active verdicts on a generation, member by member. */
async function ledgerOf(
  fixture: BotFixture,
  generationId: string,
  members: readonly User[],
): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for (let at = 0; at < members.length; at += BATCH) {
    const fields = members.slice(at, at + BATCH).map(({ id }, i) => {
      const member = `{ platform: "discord", externalId: "${id}" }`;
      return `m${i}: feedback(member: ${member}) { verdict state chosen { text } }`;
    });
    const query = `query ($id: ID!) { generation(id: $id) { ${fields.join(' ')} } }`;
    const { generation } = await fixture.place.admin.request(query, { id: generationId });
    type Row = { verdict: string; state: string; chosen: { text: string } | null } | null;
    for (const row of Object.values(generation as Record<string, Row>)) {
      const active = row?.state === 'ACTIVE' ? row : null;
      found.push(active && (active.chosen ? `${active.verdict} ${active.chosen.text}` : active.verdict));
    }
  }
  return found;
}

it('equals what Discord shows after drops, 429s, errors and a restart', async () => {
  const rateLimits = { ...QUICK, 'reactions read': { limit: 100, windowMs: 500 } };
  const fixture = await openBotFixture({ discord: { rateLimits } });
  try {
    const { ada, discord } = fixture;
    const message = await fixture.reply(fixture.ask(ada, 'hello'));
    discord.people.react(ada, message, '🇦');
    await fixture.ledger(ada, `CHOSEN ${shown(message).get('A')}`);
    const [{ generation }] = await fixture.verdicts(ada);
    const crowd = new Crowd(fixture, message);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 500));
    crowd.act(0, 300);
    discord.gateway.cut();
    crowd.act(100, 400);
    discord.rest.faults.add({ path: /channels/, times: 25, when: 'before', answer: 429, retryAfter: 0.05 });
    discord.rest.faults.add({ path: /channels/, times: 3, when: 'before', answer: 503 });
    await pause();
    discord.gateway.closeAll(4_000);
    crowd.act(0, MEMBERS);
    await pause();
    await fixture.restart(() => crowd.settle());
    const expected = crowd.votes();
    expect(new Set(expected).size).toBe(5);
    let found = await ledgerOf(fixture, generation, crowd.members);
    for (const end = Date.now() + 240_000; Date.now() < end && found.join() !== expected.join(); ) {
      // Reading the ledger is work too: the bot is to get on with its own.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      found = await ledgerOf(fixture, generation, crowd.members);
    }
    expect(found).toEqual(expected);
  } finally {
    await fixture.close();
  }
});
