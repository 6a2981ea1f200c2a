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

/** Where something happens. */
export interface Place {
  /** The workspace or organisation that the app is installed in: with it a person's id is whole. */
  scope: string;
  /** The workspace. */
  team: string;
  channel: string;
  /** The first message of the thread; undefined where there is none. */
  thread?: string;
  /** Whether only the person and the bot are there. */
  direct: boolean;
}
