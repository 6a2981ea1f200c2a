/** The commands of the taste bench and their flags. */
import { Command, InvalidArgumentError } from 'commander';
import { messageOf } from '../../src/common/errors.js';
import { CORPORA_VARIABLE } from './corpora.js';
import { methodNamed } from './methods/index.js';
import type { Method } from './methods/method.js';
import { TASTE_MODELS } from './methods/taste-models.js';
import { runBank, runEvaluation, runJudges, runOffline, runOnline, type TasteRun } from './run.js';
import { openSet, tasteNamed } from './sets.js';

interface BankFlags {
  tokens: number;
  seed: number;
  model?: string;
  checkpoint?: string;
  threads?: string;
}

interface TasteFlags extends BankFlags {
  offline?: boolean;
  online?: boolean;
  constants?: boolean;
  set?: string;
  tastes?: string[];
  methods?: Method[];
  votes?: number[];
  candidates: number[];
  slips?: number[];
  seeds?: number;
  heldOut: number;
  replies: number;
  corpora?: string;
}

export function tasteCommands(): Command[] {
  return [bankCommand(), judgesCommand(), tasteCommand()];
}

function bankCommand(): Command {
  const command = new Command('bank')
    .description(
      'Write the unsteered replies that the taste bench compares on, with their features. Goes on where it stopped.',
    )
    .option('--prompts <number>', 'how many prompts, voted on and held out in turn; all', wholeNumber);
  return withBank(withSet(command)).action(
    async ({ set, prompts, tokens: maxTokens, seed, ...settings }: BankFlags & { set?: string; prompts?: number }) =>
      runBank(await openSet(set), prompts, { maxTokens, seed }, settings),
  );
}

function judgesCommand(): Command {
  const command = withCorpora(
    new Command('judges').description(
      'Train the judges of the taste bench, and say how far they agree with those who vote.',
    ),
  );
  return withBank(command).action(({ corpora, tokens: maxTokens, seed, ...settings }: TasteFlags) =>
    runJudges(corpora, { maxTokens, seed }, settings),
  );
}

function tasteCommand(): Command {
  const command = withCorpora(withSet(new Command('taste')))
    .description('How well replies fit members with known tastes after some votes, by each method, on the same votes.')
    .option('--offline', 'compare on the bank alone: what was learned is asked about replies that are written already')
    .option('--online', 'vote through GraphQL on what the service shows, and be trained by it')
    .option('--constants', 'offline: the constants of what is learned, each changed by itself, in place of methods')
    .option(
      '--tastes <names>',
      'some tastes instead of every family once',
      listOf((name) => name),
    )
    .option('--methods <names>', 'some methods instead of all', listOf(methodNamed))
    .option('--votes <counts>', 'votes cast; default 10,50, offline 1,2,5,10,20,50', listOf(wholeNumber))
    .option('--candidates <counts>', 'replies shown for a vote: 2, 4, or 2,4', listOf(wholeNumber), [4])
    .option('--slips <percent>', 'of votes, those that are slips; default 10, offline 0,10,20', listOf(percentage))
    .option('--seeds <number>', 'members of each taste; default 1, offline 3', wholeNumber)
    .option('--held-out <number>', 'prompts to write on', wholeNumber, 16)
    .option('--replies <number>', 'replies to each of them', wholeNumber, 4);
  return withBank(command).action(async (flags: TasteFlags) => {
    const run = await runOf(flags);
    return flags.offline || flags.constants ? runOffline(run) : flags.online ? runOnline(run) : runEvaluation(run);
  });
}

async function runOf(flags: TasteFlags): Promise<TasteRun> {
  const {
    offline,
    online: _,
    constants,
    votes,
    candidates,
    slips,
    seeds,
    set: path,
    tastes,
    methods,
    heldOut,
    replies,
    corpora,
    tokens,
    seed,
    ...settings
  } = flags;
  const set = await openSet(path);
  const shares = slips ?? (offline || constants ? [0, 0.1, 0.2] : [0.1]);
  return {
    ...{
      set,
      methods: constants ? TASTE_MODELS : methods,
      heldOut,
      replies,
      corpora,
      maxTokens: tokens,
      seed,
      settings,
    },
    tastes: tastes?.map((name) => tasteNamed(name, set)) ?? set.usual,
    counts: votes ?? (offline || constants ? [1, 2, 5, 10, 20, 50] : [10, 50]),
    votings: candidates.flatMap((count) => shares.map((share) => ({ candidates: count, slips: share }))),
    seeds: seeds ?? (offline || constants ? 3 : 1),
  };
}

const withBank = (command: Command): Command =>
  command
    .option('--tokens <number>', 'longest reply', wholeNumber, 128)
    .option('--seed <number>', 'of the bank: another one has other replies', wholeNumber, 1)
    .option('--model <model>', 'as for "palate start"')
    .option('--checkpoint <file>', 'as for "palate start"')
    .option('--threads <number>', 'as for "palate start"');

const withSet = (command: Command): Command =>
  command.option('--set <module>', 'prompts and tastes of your own in place of those for tuning');

const withCorpora = (command: Command): Command =>
  command.option('--corpora <folder>', `texts that judges are trained on (${CORPORA_VARIABLE})`);

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('It is no whole number above zero.');
}

function percentage(text: string): number {
  const value = Number(text);
  if (value >= 0 && value < 100) return value / 100;
  throw new InvalidArgumentError('It is no number from 0 to below 100.');
}

function listOf<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text.split(',').map((part) => {
      try {
        return parse(part.trim());
      } catch (error) {
        throw new InvalidArgumentError(messageOf(error));
      }
    });
}
