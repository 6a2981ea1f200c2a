/** What the people who manage a workspace have set for it: where the bot answers, where votes are collected, how much. */
import type { PluginStorage } from '../../src/plugins/contract.js';
import type { Place } from './bot.js';
import type { SlackConfig } from './config.js';

export interface ChannelSettings {
  answer?: boolean;
  learn?: boolean;
}

export interface TeamSettings {
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

export class Settings {
  private readonly known = new Map<string, TeamSettings>();

  constructor(
    private readonly storage: PluginStorage,
    private readonly config: SlackConfig,
  ) {}

  async at({ team, channel }: Pick<Place, 'team' | 'channel'>): Promise<PlaceSettings> {
    const settings = await this.team(team);
    const { answer = true, learn = true } = settings.channels[channel] ?? {};
    return {
      answer,
      learn,
      // Where nobody votes, one reply is enough.
      candidates: learn ? (settings.candidates ?? this.config.candidates) : 1,
      maxTokens: settings.maxTokens ?? this.config.maxTokens,
    };
  }

  async team(team: string): Promise<TeamSettings> {
    const held = this.known.get(team);
    if (held) return held;
    const text = await this.storage.get(`team/${team}`);
    const settings: TeamSettings = { channels: {}, ...(text === null ? {} : (JSON.parse(text) as TeamSettings)) };
    this.known.set(team, settings);
    return settings;
  }

  async change(team: string, change: (settings: TeamSettings) => TeamSettings): Promise<TeamSettings> {
    const settings = change(await this.team(team));
    await this.storage.set(`team/${team}`, JSON.stringify(settings));
    this.known.set(team, settings);
    return settings;
  }
}
