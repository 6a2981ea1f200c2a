/** The bot's parts, made once and handed to what needs them. */
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
import type { SlackConfig } from './config.js';
import type { Place } from './place.js';
import type { Workspaces } from './workspaces.js';

/** What an answer was begun by; `id` is the timestamp of the message that asks, where one does. */
export interface SlackQuestion extends Asked, Place {
  /** Whether it is a message, which can be read again. */
  isMessage: boolean;
  /** Language tag of whoever asked, where it is known. */
  language?: string;
}

/** How often Slack lets the bot write, by what is written. */
export interface Budgets {
  /** `chat.update`, by workspace. */
  updates: WriteBudget;
  /** `chat.postMessage`, by channel. */
  posts: WriteBudget;
  /** `chat.startStream` and `chat.appendStream`, by workspace. */
  starts: WriteBudget;
  pieces: WriteBudget;
}

export interface Bot {
  workspaces: Workspaces;
  client: PalateClient;
  storage: PluginStorage;
  log: PluginLog;
  config: SlackConfig;
  emojiMap: EmojiMap;
  settings: ChannelSettingsStore;
  questions: Questions<SlackQuestion>;
  answers: Answers;
  budgets: Budgets;
  tracker: OfferTracker;
  /** Aborts when the bot is to end. */
  signal: AbortSignal;
}
