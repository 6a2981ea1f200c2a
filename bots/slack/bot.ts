/** The bot's parts, made once and handed to what needs them. */
import type { PalateClient } from '../../src/client/index.js';
import type { PluginLog, PluginStorage } from '../../src/plugins/contract.js';
import type { Places, ReactionTable, VoteBook } from '../kit/index.js';
import type { SlackConfig } from './config.js';
import type { Questions } from './questions.js';
import type { Workspaces } from './workspaces.js';

export interface Bot {
  workspaces: Workspaces;
  client: PalateClient;
  storage: PluginStorage;
  log: PluginLog;
  config: SlackConfig;
  table: ReactionTable;
  places: Places;
  questions: Questions;
  book: VoteBook;
  /** Aborts when the bot is to end. */
  signal: AbortSignal;
}
