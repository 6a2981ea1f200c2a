import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../src/common/config.js';
import { createLog } from '../../src/common/log.js';
import { createGateway } from '../../src/gateway/gateway.js';
import { ADA, ADMIN, BOB, type GatewayFixture, openGatewayFixture } from './fixture.js';
import { KEY, RawSocket } from './harness.js';

let world: GatewayFixture;
afterEach(() => world.close());

const open = async (limits: Partial<Limits> = {}) => {
  world = await openGatewayFixture(limits);
};
/** Opens a connection; resolves once it is acknowledged or closed. */
async function connect(key: string, url = world.url): Promise<RawSocket> {
  const raw = new RawSocket(url);
  await new Promise<void>((resolve) => raw.socket.once('open', () => resolve()));
  raw.send({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } });
  await raw.until((message) => message.type === 'connection_ack');
  return raw;
}
const isOpen = (raw: RawSocket) => raw.socket.readyState === raw.socket.OPEN;
const rotate = (id: string, seconds: number) =>
  world.post(KEY, `mutation { rotateKey(id: "${id}", overlapSeconds: ${seconds}) { secret } }`);
const POOL = 'subscription { poolStatus { ready } }';

describe('an open connection', () => {
  it('ends when its key is revoked, for good, and takes its subscriptions along', async () => {
    await open();
    const { id, secret } = await world.botKey('north');
    const other = await connect((await world.botKey('north')).secret);
    const raw = await connect(secret);
    raw.subscribe('1', POOL);
    await raw.until((message) => message.type === 'next');
    await world.post(KEY, `mutation { revokeKey(id: "${id}") { revokedAt } }`);
    const { code, reason } = await raw.closed;
    expect(code).toBe(4401);
    expect(reason).toContain('UNAUTHENTICATED: The key "the bot of north" was revoked');
    expect((await (await connect(secret)).closed).code).toBe(4401);
    expect(isOpen(other)).toBe(true);
    other.socket.close();
  });

  it('ends when the key that made its token is revoked', async () => {
    await open();
    const { id, secret } = await world.botKey('north');
    const query = 'mutation { createMemberToken(member: { platform: "north", externalId: "ada" }) { token } }';
    const { data } = await world.post(secret, query);
    const raw = await connect(data?.createMemberToken.token as string);
    const operators = await connect(await world.token(ADA));
    await world.post(KEY, `mutation { revokeKey(id: "${id}") { revokedAt } }`);
    expect((await raw.closed).code).toBe(4401);
    expect(isOpen(operators)).toBe(true);
    operators.socket.close();
  });

  it('outlives a rotation that leaves time, and no other', async () => {
    await open();
    const { id, secret } = await world.botKey('north');
    const raw = await connect(secret);
    const rotated = (await rotate(id, 600)).data?.rotateKey.secret as string;
    const fresh = await connect(rotated);
    expect(isOpen(raw)).toBe(true);
    await rotate(id, 600);
    expect((await raw.closed).code).toBe(4401);
    expect(isOpen(fresh)).toBe(true);
    await rotate(id, 0);
    expect((await fresh.closed).code).toBe(4401);
  });

  it('ends at its token’s end, and its owner may come again', async () => {
    await open({ memberTokenSeconds: 4 });
    const raw = await connect(await world.token(ADA));
    raw.subscribe('1', POOL);
    await raw.until((message) => message.type === 'next');
    const { code, reason } = await raw.closed;
    expect(code).toBe(4403);
    expect(reason).toContain('run out');
  });

  it('ends at its key’s end even where nobody can be asked about the key any more', async () => {
    await open();
    let expiresAt: Date | undefined;
    const gateway = createGateway({
      settings: { host: '127.0.0.1', port: 0, limits: DEFAULT_LIMITS, allowedOrigins: [] },
      services: world.fixture.services,
      authenticate: async () => {
        if (expiresAt) throw new Error('The database is away.');
        expiresAt = new Date(Date.now() + 500);
        return { ...ADMIN, expiresAt };
      },
      log: createLog('silent'),
    });
    await gateway.start();
    const raw = await connect(KEY, `http://127.0.0.1:${gateway.port}`);
    const { code, reason } = await raw.closed;
    expect([code, reason]).toEqual([4403, 'UNAUTHENTICATED: This key or token has run out. Ask for a new one.']);
    expect(Date.now()).toBeGreaterThanOrEqual(Number(expiresAt));
    await gateway.stop();
  });

  it('ends when its member is forgotten, and so does what a bot watches of that member only', async () => {
    await open({ recheckSeconds: 86_400 });
    const { memberId } = await world.belongings(ADA);
    const ada = await connect(await world.token(ADA));
    const bob = await connect(await world.token(BOB));
    const bot = await connect((await world.botKey('north')).secret);
    bot.subscribe('ada', `subscription { trainingStatus(memberId: "${memberId}") { id } }`);
    bot.subscribe('all', 'subscription { trainingStatus { id } }');
    for (const id of ['ada', 'all']) await bot.until((message) => message.type === 'next' && message.id === id);
    await world.post(KEY, `mutation { forgetMember(memberId: "${memberId}") { id } }`);
    expect((await ada.closed).code).toBe(4401);
    await bot.until((message) => message.type === 'complete');
    expect(bot.messages.filter(({ type }) => type === 'complete').map(({ id }) => id)).toEqual(['ada']);
    expect([bob, bot].map(isOpen)).toEqual([true, true]);
    for (const { socket } of [bob, bot]) socket.close();
  });

  it('ends within a round when nobody tells here that its member is forgotten', async () => {
    await open({ recheckSeconds: 1 });
    const { memberId } = await world.belongings(ADA);
    const ada = await connect(await world.token(ADA));
    await world.fixture.store.forgetting.forget(memberId, { trainable: false });
    expect((await ada.closed).code).toBe(4401);
  });
});

describe('connections', () => {
  it('are so many for a bot’s key and for a member, and none are counted for admins', async () => {
    await open({ connectionsPerBot: 2, connectionsPerMember: 1 });
    const { secret } = await world.botKey('north');
    const bots = [await connect(secret), await connect(secret)];
    const refused = await connect(secret);
    const { code, reason } = await refused.closed;
    expect(code).toBe(4403);
    expect(reason).toContain('LIMIT_EXCEEDED');
    const ada = await connect(await world.token(ADA));
    expect((await (await connect(await world.token(ADA))).closed).code).toBe(4403);
    const others = [await connect(await world.token(BOB)), ...(await Promise.all([1, 2, 3].map(() => connect(KEY))))];
    bots[0].socket.close();
    await bots[0].closed;
    await expect.poll(async () => isOpen(await connect(secret))).toBe(true);
    for (const raw of [...bots.slice(1), ada, ...others]) {
      expect(isOpen(raw)).toBe(true);
      raw.socket.close();
    }
  });

  it('have so many operations open for a key, over all of them', async () => {
    await open({ operationsPerBot: 3 });
    const { secret } = await world.botKey('north');
    const [one, two] = [await connect(secret), await connect(secret)];
    for (const [raw, id] of [
      [one, 'a'],
      [one, 'b'],
      [two, 'c'],
    ] as const) {
      raw.subscribe(id, POOL);
      await raw.until((message) => message.id === id && message.type === 'next');
    }
    two.subscribe('d', POOL);
    const refused = await two.until((message) => message.id === 'd');
    expect(refused).toMatchObject({ type: 'error', payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] });
    one.send({ id: 'a', type: 'complete' });
    await expect
      .poll(async () => {
        const id = `e${two.messages.length}`;
        two.subscribe(id, POOL);
        return (await two.until((message) => message.id === id))?.type;
      })
      .toBe('next');
    one.socket.close();
    two.socket.close();
  });
});
