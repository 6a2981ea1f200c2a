/** What the people who manage a server or workspace have set for it: where the bot answers, where votes are collected, how much. */
import type { PalateClient } from '../../src/client/index.js';
import type { PluginStorage } from '../../src/plugins/contract.js';
import type { View } from './view.js';
import type { Words } from './words/index.js';

/** How long replies may be set to become, in tokens. */
export const REPLY_TOKENS = { minimum: 8, maximum: 1_024 } as const;

export interface ChannelSettings {
  answer?: boolean;
  learn?: boolean;
  /** The longest a reply may become here, in tokens; as everywhere unless it is set. */
  maxTokens?: number;
}

export interface GroupSettings {
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

type Defaults = Pick<PlaceSettings, 'candidates' | 'maxTokens'>;

export class ChannelSettingsStore {
  private readonly known = new Map<string, GroupSettings>();

  /** `kind` names what a group is on the platform: its rows in storage begin with it. */
  constructor(
    private readonly storage: PluginStorage,
    private readonly defaults: Defaults,
    private readonly kind: string,
  ) {}

  /** The settings of the first of the channels that has any; direct messages are in no group and have none of their own. */
  async at(group: string | null, channels: readonly string[]): Promise<PlaceSettings> {
    const settings: GroupSettings = group === null ? { channels: {} } : await this.settings(group);
    const set = channels.map((id) => settings.channels[id]).find((channel) => channel !== undefined);
    const { candidates, maxTokens: everywhere } = this.limits(settings);
    const { answer = true, learn = true, maxTokens = everywhere } = set ?? {};
    // Where nobody votes, one reply is enough.
    return { answer, learn, candidates: learn ? candidates : 1, maxTokens };
  }

  async settings(group: string): Promise<GroupSettings> {
    const held = this.known.get(group);
    if (held) return held;
    const text = await this.storage.get(`${this.kind}/${group}`);
    const settings: GroupSettings = { channels: {}, ...(text === null ? {} : (JSON.parse(text) as GroupSettings)) };
    this.known.set(group, settings);
    return settings;
  }

  async change(group: string, change: (settings: GroupSettings) => GroupSettings): Promise<GroupSettings> {
    const settings = change(await this.settings(group));
    await this.storage.set(`${this.kind}/${group}`, JSON.stringify(settings));
    this.known.set(group, settings);
    return settings;
  }

  /** A group's settings as a page; `nameOf` writes a channel as the platform does. */
  async view(
    settings: GroupSettings,
    client: Pick<PalateClient, 'pool'>,
    { admin }: Words,
    nameOf: (channel: string) => string,
  ): Promise<View> {
    const pool = await client.pool();
    const channels = Object.entries(settings.channels).map(([id, { answer = true, learn = true, maxTokens }]) => {
      const state = answer ? `${admin.learning}: ${learn ? admin.on : admin.off}` : admin.off;
      const length = answer && maxTokens !== undefined ? `, ${admin.length(maxTokens)}` : '';
      return `${nameOf(id)}: ${state}${length}`;
    });
    const { candidates, maxTokens } = this.limits(settings);
    return {
      title: admin.title,
      text: [],
      fields: [
        { name: admin.channels, value: channels.length > 0 ? channels.slice(0, 20).join('\n') : admin.allChannels },
        { name: admin.limits, value: admin.limitsValue(candidates, maxTokens) },
        { name: admin.model, value: admin.modelValue(pool.model, pool.ready) },
      ],
      buttons: [],
    };
  }

  private limits({ candidates, maxTokens }: Partial<Defaults>): Defaults {
    return { candidates: candidates ?? this.defaults.candidates, maxTokens: maxTokens ?? this.defaults.maxTokens };
  }
}
