/** Discord's ids: milliseconds since 2015 in the upper 42 bits, a count in the lower 22, as decimal text. */

const EPOCH = 1_420_070_400_000n;
let last = 0n;

/** An id greater than every one before it. */
export function snowflake(now = Date.now()): string {
  const fresh = (BigInt(now) - EPOCH) << 22n;
  last = fresh > last ? fresh : last + 1n;
  return String(last);
}

/** The shard, out of so many, that hears of a guild; direct messages are shard 0's. */
export function shardOf(guildId: string | undefined, shards: number): number {
  return guildId === undefined ? 0 : Number((BigInt(guildId) >> 22n) % BigInt(shards));
}

export function isSnowflake(text: string): boolean {
  return /^\d{1,20}$/.test(text);
}
