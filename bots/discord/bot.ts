/** The bot's parts, made once and handed to what needs them. */
import type { Client } from 'discord.js';
import type { PalateClient } from '../../src/client/index.js';
import type { PluginLog, PluginStorage } from '../../src/plugins/contract.js';
import type { ReactionTable, VoteBook } from '../kit/index.js';
import type { DiscordConfig } from './config.js';
import type { Places } from './places.js';

export interface Bot {
  discord: Client;
  client: PalateClient;
  storage: PluginStorage;
  log: PluginLog;
  config: DiscordConfig;
  table: ReactionTable;
  places: Places;
  book: VoteBook;
  /** Aborts when the bot is to end. */
  signal: AbortSignal;
}
