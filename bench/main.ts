/** Runs one bench by its name: `npm run bench -- taste --votes 10,50`. One file a claim; results go to bench/results. */
import '../src/cli/production.js';
import { tmpdir } from 'node:os';
import { Command } from 'commander';
import { benchBots } from './bots.js';
import { benchConsole } from './console.js';
import { benchDurability } from './durability.js';
import { benchGateway } from './gateway.js';
import { benchLatency } from './latency.js';
import { benchPolicies } from './policies.js';
import { benchStalls } from './stalls.js';
import { tasteCommands, wholeNumber } from './taste/command.js';

interface Flags {
  tokens: number;
  verdicts: number;
  calls: number;
  subscriptions: number;
  trainings: number;
  rounds: number;
  requests: number;
  writes: number;
  disk: string;
  memory: string;
  model?: string;
  checkpoint?: string;
  threads?: string;
}

const program = new Command('bench').description(
  'Measures what Palate claims, each claim side by side with its baseline.',
);

for (const command of tasteCommands()) program.addCommand(command);

program
  .command('latency')
  .description('Time from a verdict to the trained encoder, and to the first token of the next personal reply.')
  .option('--verdicts <number>', 'verdicts to cast', wholeNumber, 50)
  .option('--tokens <number>', 'longest reply', wholeNumber, 40)
  .option('--model <model>', 'as for "palate start"')
  .option('--checkpoint <file>', 'as for "palate start"')
  .option('--threads <number>', 'as for "palate start"')
  .action(({ verdicts, tokens: maxTokens, ...settings }: Flags) => benchLatency({ verdicts, maxTokens, settings }));

program
  .command('policies')
  .description('What weighing verdicts and leaning exploration are worth, on synthetic tastes; needs no model.')
  .option('--members <number>', 'synthetic members', wholeNumber, 100)
  .action(benchPolicies);

program
  .command('gateway')
  .description('What the way over HTTP costs, and whether a thousand subscribers hear every change once and in order.')
  .option('--calls <number>', 'generations and verdicts each way', wholeNumber, 200)
  .option('--subscriptions <number>', 'open at the same time', wholeNumber, 1_000)
  .option('--trainings <number>', 'trainings that they hear of', wholeNumber, 20)
  .option('--model <model>', 'as for "palate start"')
  .option('--checkpoint <file>', 'as for "palate start"')
  .option('--threads <number>', 'as for "palate start"')
  .action(({ calls, subscriptions, trainings, ...settings }: Flags) =>
    benchGateway({ calls, subscriptions, trainings, settings }),
  );

program
  .command('console')
  .description('What the console weighs at its first load, and how fast it answers while two replies stream.')
  .option('--rounds <number>', 'questions that are asked', wholeNumber, 5)
  .option('--model <model>', 'as for "palate start"')
  .option('--checkpoint <file>', 'as for "palate start"')
  .option('--threads <number>', 'as for "palate start"')
  .action(({ rounds, ...settings }: Flags) => benchConsole({ rounds, settings }));

program
  .command('bots')
  .description('What the bots add from a message to the first text of the reply, over the same prompt by GraphQL.')
  .option('--rounds <number>', 'messages each way', wholeNumber, 20)
  .option('--model <model>', 'as for "palate start"')
  .option('--checkpoint <file>', 'as for "palate start"')
  .option('--threads <number>', 'as for "palate start"')
  .action(({ rounds, ...settings }: Flags) => benchBots({ rounds, settings }));

program
  .command('stalls')
  .description(
    'The longest stall of the gateway’s thread, for an ordinary question and for what callers can make long.',
  )
  .option('--requests <number>', 'requests of each kind, sent at once', wholeNumber, 10)
  .option('--model <model>', 'as for "palate start"')
  .option('--checkpoint <file>', 'as for "palate start"')
  .option('--threads <number>', 'as for "palate start"')
  .action(({ requests, ...settings }: Flags) => benchStalls({ requests, settings }));

program
  .command('durability')
  .description('What it costs that everything acknowledged is on disk; needs no model.')
  .option('--writes <number>', 'writes with each number of writers, each way', wholeNumber, 800)
  .option('--disk <folder>', 'where the database is made that is measured', tmpdir())
  .option('--memory <folder>', 'a folder in memory, where a sync costs nothing', '/dev/shm')
  .action(({ writes, disk, memory }: Flags) => benchDurability({ writes, disk, memory }));

await program.parseAsync();
