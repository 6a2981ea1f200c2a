/**
 * Connections to Discord's gateway that end for good when they are told to. The SDK's own connect again half a second after they were
 * destroyed while they connected, leave a socket open that was still connecting, and let a packet that lacks a part end the process.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type SessionInfo, SimpleShardingStrategy } from 'discord.js';
import type { WebSocket } from 'ws';

/** The manager of `@discordjs/ws`: discord.js exports another class by its name. */
export type GatewayManager = ConstructorParameters<typeof SimpleShardingStrategy>[0];

/** A shard of `@discordjs/ws`, as far as it has to be known to be ended. */
interface Shard {
  connection: WebSocket | null;
}

/** A session that is never told: whoever waits for it before connecting never does. */
const NEVER = new Promise<SessionInfo | null>(() => {});

export class EndingShards extends SimpleShardingStrategy {
  /** Every shard there ever was: those that were replaced may still be connecting. */
  private readonly known = new Set<Shard>();
  private ended = false;

  /** @param onFault told of packets that could not be read */
  constructor(gateway: GatewayManager, onFault: (error: unknown) => void) {
    super(gateway);
    const read = gateway.options.retrieveSessionInfo.bind(gateway.options);
    gateway.options.retrieveSessionInfo = (shardId) => (this.ended ? NEVER : read(shardId));
    const emit = gateway.emit.bind(gateway) as (event: string, ...args: unknown[]) => boolean;
    gateway.emit = ((event: string, ...args: unknown[]) => {
      if (event !== 'dispatch') return emit(event, ...args);
      try {
        return emit(event, ...args);
      } catch (error) {
        onFault(error);
        return true;
      }
    }) as GatewayManager['emit'];
  }

  override async spawn(shardIds: number[]): Promise<void> {
    if (this.ended) throw new Error('The connection has ended.');
    await super.spawn(shardIds);
    for (const shard of this.shardsNow()) this.known.add(shard);
  }

  /** Says goodbye where there is a connection, and leaves none. */
  async end(patienceMs: number): Promise<void> {
    this.ended = true;
    const patience = delay(patienceMs, undefined, { ref: false });
    await Promise.race([this.destroy({ reason: 'The bot stops.' }), patience]);
    // A shard that was just about to connect has its socket by now.
    await new Promise((resolve) => setImmediate(resolve));
    for (const shard of this.known) {
      const { connection } = shard;
      if (!connection) continue;
      connection.onerror = () => {};
      connection.onclose = null;
      connection.terminate();
    }
  }

  private shardsNow(): Iterable<Shard> {
    return (this as unknown as { shards: Map<number, Shard> }).shards.values();
  }
}
