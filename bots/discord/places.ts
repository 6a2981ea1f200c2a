/** What the people who manage a server have set for it: where the bot answers, where votes are collected, how much. */
import type { PluginStorage } from '../../src/plugins/contract.js';
import type { DiscordConfig } from './config.js';

export interface ChannelSettings {
  answer?: boolean;
  learn?: boolean;
}

export interface GuildSettings {
  channels: Record<string, ChannelSettings>;
  candidates?: number;
  maxTokens?: number;
}

/** What holds in one channel. */
export interface PlaceSettings {
  answer: boolean;
  learn: boolean;
  candidates: number;
  maxTokens: number;
}

export class Places {
  private readonly known = new Map<string, GuildSettings>();

  constructor(
    private readonly storage: PluginStorage,
    private readonly config: DiscordConfig,
  ) {}

  /** A thread has the settings of its channel; direct messages have none of their own. */
  async at(guildId: string | null, channelId: string, parentId: string | null): Promise<PlaceSettings> {
    const settings = guildId === null ? { channels: {} } : await this.guild(guildId);
    const channel = settings.channels[channelId] ?? settings.channels[parentId ?? ''] ?? {};
    const learn = channel.learn ?? true;
    return {
      answer: channel.answer ?? true,
      learn,
      // Where nobody votes, one reply is enough.
      candidates: learn ? (settings.candidates ?? this.config.candidates) : 1,
      maxTokens: settings.maxTokens ?? this.config.maxTokens,
    };
  }

  async guild(guildId: string): Promise<GuildSettings> {
    const held = this.known.get(guildId);
    if (held) return held;
    const text = await this.storage.get(`guild/${guildId}`);
    const settings: GuildSettings = { channels: {}, ...(text === null ? {} : (JSON.parse(text) as GuildSettings)) };
    this.known.set(guildId, settings);
    return settings;
  }

  async change(guildId: string, change: (settings: GuildSettings) => GuildSettings): Promise<GuildSettings> {
    const settings = change(await this.guild(guildId));
    await this.storage.set(`guild/${guildId}`, JSON.stringify(settings));
    this.known.set(guildId, settings);
    return settings;
  }
}
