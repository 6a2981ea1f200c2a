/** `palate key`: keys given out, listed, rotated, revoked. What scripts want goes to the standard output, what people want beside it. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { loadSettings, VARIABLES } from '../common/config.js';
import type { KeyScope } from '../contract/generated/types.js';
import { namedUrl } from './gateway-url.js';
import { type KeyAccess, type NewKey, openKeyAccess } from './key/key-access.js';
import { describeKey, findKey, renderKeys } from './key/render.js';

interface AccessFlags {
  url?: string;
  data?: string;
}

interface CreateFlags extends AccessFlags {
  scope: string;
  platform?: string;
  member?: string;
  memberScope?: string;
  days?: number;
}

export function keyCommand(): Command {
  return new Command('key')
    .description(
      'Give keys out, list, rotate and revoke them: at the running gateway, or in its data folder when none runs.',
    )
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(rotateCommand())
    .addCommand(revokeCommand());
}

function withAccessFlags(command: Command): Command {
  return command
    .option('--url <address>', 'the gateway (PALATE_URL); default: where the settings say that it listens')
    .option('--data <folder>', `the gateway's data folder (${VARIABLES.data})`);
}

function createCommand(): Command {
  return withAccessFlags(new Command('create'))
    .description('Make a key. The secret is printed once, alone on the standard output.')
    .argument('<name>', 'what it is for')
    .addOption(new Option('--scope <scope>', 'what it may do').choices(['bot', 'admin', 'member']).default('bot'))
    .option('--platform <name>', 'the platform of a bot, or of the member')
    .option('--member <id>', 'the member, by the id its platform gives')
    .option('--member-scope <id>', 'what that id is unique within, where the platform needs it')
    .option('--days <number>', 'after how many days it runs out; default: never', wholeNumber)
    .action((name: string, flags: CreateFlags) =>
      withAccess(flags, async (access) => {
        const { platform, member: externalId, memberScope, days } = flags;
        const scope = flags.scope.toUpperCase() as KeyScope;
        const member =
          externalId === undefined ? undefined : { platform: platform ?? '', externalId, scope: memberScope ?? '' };
        const ofBot = member === undefined ? platform : undefined;
        hand(await access.create({ name, scope, platform: ofBot, member, expiresInDays: days }), 'Made');
      }),
    );
}

function listCommand(): Command {
  return withAccessFlags(new Command('list'))
    .description('Show the keys, newest first.')
    .option('--json', 'as JSON')
    .action((flags: AccessFlags & { json?: boolean }) =>
      withAccess(flags, async (access) => {
        const keys = await access.list();
        process.stdout.write(flags.json ? `${JSON.stringify(keys, null, 2)}\n` : renderKeys(keys, new Date()));
      }),
    );
}

function rotateCommand(): Command {
  return withAccessFlags(new Command('rotate'))
    .description('Give a key a new secret, printed like that of a new key.')
    .argument('<key>', 'its name, its first characters or its id')
    .option('--overlap <seconds>', 'for how long the secret before it works as well', wholeNumber, 0)
    .action((typed: string, flags: AccessFlags & { overlap: number }) =>
      withAccess(flags, async (access) => {
        const { id } = findKey(await access.list(), typed);
        hand(await access.rotate(id, flags.overlap), 'Rotated');
      }),
    );
}

function revokeCommand(): Command {
  return withAccessFlags(new Command('revoke'))
    .description('End a key, its connections, and the tokens that were made with it.')
    .argument('<key>', 'its name, its first characters or its id')
    .action((typed: string, flags: AccessFlags) =>
      withAccess(flags, async (access) => {
        const revoked = await access.revoke(findKey(await access.list(), typed).id);
        process.stderr.write(`Revoked ${describeKey(revoked)}.\n`);
      }),
    );
}

async function withAccess(flags: AccessFlags, work: (access: KeyAccess) => Promise<void>): Promise<void> {
  const settings = loadSettings({ flags: { data: flags.data } });
  const access = await openKeyAccess(settings, namedUrl(flags.url));
  try {
    await work(access);
  } finally {
    await access.close();
  }
}

function hand({ key, secret }: NewKey, done: string): void {
  process.stderr.write(`${done} ${describeKey(key)}. Keep the secret: it is not shown again.\n`);
  process.stdout.write(`${secret}\n`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It is no whole number.');
}
