/** The bot's parts, made once and handed to what needs them. */
import type { ButtonInteraction, Client } from 'discord.js';
import type { LRUCache } from 'lru-cache';
import type { PalateClient } from '../../src/client/index.js';
import type { PluginLog, PluginStorage } from '../../src/plugins/contract.js';
import type {
  Answers,
  Asked,
  ChannelSettingsStore,
  EmojiMap,
  OfferTracker,
  Questions,
  WriteBudget,
} from '../kit/index.js';
import type { DiscordConfig } from './config.js';

/** What an answer was begun by. */
export interface DiscordQuestion extends Asked {
  /** Whether it is a message, which can be read again. */
  isMessage: boolean;
  language: string;
}

export interface Bot {
  discord: Client;
  client: PalateClient;
  storage: PluginStorage;
  log: PluginLog;
  config: DiscordConfig;
  emojiMap: EmojiMap;
  settings: ChannelSettingsStore;
  tracker: OfferTracker;
  questions: Questions<DiscordQuestion>;
  answers: Answers;
  /** Edits and new messages, as Discord counts them: by channel. */
  edits: WriteBudget;
  posts: WriteBudget;
  /** The latest press of each voter, for as long as a question can be put to them alone through it. */
  presses: LRUCache<string, ButtonInteraction>;
  /** Aborts when the bot is to end. */
  signal: AbortSignal;
}
