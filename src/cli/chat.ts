/** `palate chat`: the terminal client. It talks to a gateway through the GraphQL client, like anybody else. */
import { randomInt } from 'node:crypto';
import { userInfo } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { createPalateClient } from '../client/index.js';
import { loadSettings, localUrl, VARIABLES } from '../common/config.js';
import { findAdminKey } from './admin-key.js';
import { converse } from './chat/conversation.js';
import { renderGreeting } from './chat/render.js';
import { openTerminal } from './chat/terminal.js';
import { tune } from './chat/tune.js';
import { namedUrl } from './gateway-url.js';

interface ChatFlags {
  url?: string;
  data?: string;
  member: string;
  tune?: boolean;
  tokens?: number;
  system?: string;
  seed?: number;
  width?: number;
}

/** Longest replies, in tokens: a tuning round is about manner, which shows early. */
const CHAT_TOKENS = 96;
const TUNE_TOKENS = 40;
/** Seeds of a round are drawn below this, so that they are easy to type again. */
const SEEDS = 1_000_000;

export function chatCommand(): Command {
  return new Command('chat')
    .description('Talk to a running gateway: two replies at a time, choose one, watch it learn.')
    .option('--tune', 'a round of ten prompts with four replies each')
    .option('--url <address>', 'the gateway (PALATE_URL); default: where the settings say that it listens')
    .option(
      '--data <folder>',
      `the gateway's data folder, for its key (${VARIABLES.data}); ${VARIABLES.adminKey} goes first`,
    )
    .option('--member <name>', 'who is talking', process.env.USER || userInfo().username)
    .option(
      '--tokens <number>',
      `the longest a reply may become, a token being about three quarters of a word; default ${CHAT_TOKENS}, with --tune ${TUNE_TOKENS}`,
      wholeNumber,
    )
    .option('--system <text>', 'instructions for the model')
    .option('--seed <number>', 'makes the replies repeatable', wholeNumber)
    .option('--width <cells>', 'width to lay out for; default: the window', wholeNumber)
    .action(chat);
}

async function chat(flags: ChatFlags): Promise<void> {
  const settings = loadSettings({ flags: { data: flags.data } });
  const url = namedUrl(flags.url) ?? localUrl(settings);
  const client = createPalateClient({ url, key: findAdminKey(settings) });
  const member = { platform: 'terminal', externalId: flags.member };
  const terminal = openTerminal(process.stdin, process.stdout, flags.width);
  try {
    terminal.print(renderGreeting(await client.pool(), flags.member, terminal.options()));
    const { system, seed } = flags;
    if (flags.tune)
      await tune(client, terminal, { member, maxTokens: flags.tokens ?? TUNE_TOKENS, seed: seed ?? randomInt(SEEDS) });
    else await converse(client, terminal, { member, maxTokens: flags.tokens ?? CHAT_TOKENS, system, seed });
  } finally {
    terminal.close();
    await client.close();
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It is no whole number.');
}
