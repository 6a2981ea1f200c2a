/**
 * Every setting, limit and default of the product, in one place.
 * A setting comes from a flag, else a PALATE_* variable, else palate.config.json in the working folder, else its default here.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, PalateError } from './errors.js';
import type { RestartTimes } from './restart.js';

/** A number, or a text that says one in digits. What says none (white space, null, true) is refused and not read as 0 or 1. */
const numeric = (range: z.ZodNumber) =>
  z.preprocess(
    (given) => (typeof given === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(given) ? Number(given) : given),
    range,
  );
const whole = (minimum: number, maximum: number) => numeric(z.number().int().min(minimum).max(maximum));
const positive = (value: number) => z.number().int().positive().default(value);
/** A time that is counted on from now: no date can be further than some centuries, no timer longer than some days. */
const time = (value: number, maximum: number) => z.number().int().positive().max(maximum).default(value);
const CENTURY_DAYS = 36_500;
const DAY_SECONDS = 86_400;

/** Defaults that lie between two limits: where they did not, whoever says nothing would be refused. */
const BETWEEN = [
  ['candidateCountMinimum', 'candidateCountDefault', 'candidateCountMaximum'],
  ['maxTokensMinimum', 'maxTokensDefault', 'maxTokensMaximum'],
  [0, 'temperatureDefault', 'temperatureMaximum'],
  [0, 'dryMultiplierDefault', 'dryMultiplierMaximum'],
  [0, 'strengthDefault', 'strengthMaximum'],
  [1, 'pageSizeDefault', 'pageSizeMaximum'],
] as const;

/**
 * Upper bounds and defaults of what a caller may ask for.
 * schema.graphql states the same defaults and ranges; a test keeps the two equal.
 */
export const limitsSchema = z
  .strictObject({
    /** Characters of a prompt, of a system text, of one history turn. */
    promptCharacters: positive(8_000),
    systemCharacters: positive(4_000),
    turnCharacters: positive(8_000),
    /** Turns of history a request may bring. */
    historyTurns: positive(64),
    candidateCountMinimum: positive(1),
    candidateCountMaximum: positive(8),
    candidateCountDefault: positive(2),
    maxTokensMinimum: positive(1),
    maxTokensMaximum: positive(1_024),
    maxTokensDefault: positive(128),
    temperatureMaximum: z.number().positive().default(2),
    temperatureDefault: z.number().nonnegative().default(1),
    topPDefault: z.number().min(Number.EPSILON).max(1).default(0.95),
    minPDefault: z.number().min(0).max(1).default(0.03),
    dryMultiplierMaximum: z.number().positive().default(5),
    dryMultiplierDefault: z.number().min(0).default(1.2),
    /** The factor on z: 0 is no taste at all, 1 the taste as learned. */
    strengthMaximum: z.number().positive().default(1.5),
    strengthDefault: z.number().nonnegative().default(1),
    /** How far, and along how many directions, a taste may be moved by hand. */
    tasteOffsetMaximum: z.number().positive().default(3),
    tasteOffsets: positive(64),
    /** Characters of a platform, of the ids a platform gives, of an idempotency key. */
    platformCharacters: positive(64),
    identifierCharacters: positive(256),
    keyCharacters: positive(128),
    pageSizeMaximum: positive(100),
    pageSizeDefault: positive(20),
    /** Bytes of one HTTP body or WebSocket message. */
    bodyBytes: positive(1_048_576),
    /** Lexical tokens, field depth and aliases of one GraphQL document. */
    documentTokens: positive(2_000),
    documentDepth: positive(10),
    documentAliases: positive(30),
    /** Values in the variables of one operation, objects and lists counted too. */
    variableValues: positive(30_000),
    /** Cost of one operation: a token asked for costs 1 (candidates times maxTokens), an object read costs 1. */
    operationCost: positive(10_000),
    /** Open WebSocket connections, and operations open at once on one of them. */
    connections: positive(1_000),
    subscriptionsPerConnection: positive(64),
    /** Events kept for a subscriber that reads slower than they happen, after merging. */
    pendingEvents: positive(1_000),
    /** Generations that may wait for their turn before new ones are turned away. */
    queuedGenerations: positive(128),
    /** Keys that may exist; days one may be good for; seconds for which a rotated one may go on working; life of a member's token. */
    keys: positive(1_000),
    keyDays: time(3_650, CENTURY_DAYS),
    keyOverlapSeconds: time(604_800, CENTURY_DAYS * DAY_SECONDS),
    memberTokenSeconds: time(3_600, CENTURY_DAYS * DAY_SECONDS),
    /** Connections that one bot's key, and one member, may hold open; operations open on all of them. */
    connectionsPerBot: positive(64),
    connectionsPerMember: positive(8),
    operationsPerBot: positive(1_024),
    operationsPerMember: positive(64),
    /** Seconds between two looks at the keys of open connections. */
    recheckSeconds: time(60, DAY_SECONDS),
    /** Operations a minute, and how many of them at once: of a bot's key, of a member's. Admin keys are not counted. */
    operationsPerMinuteOfBot: positive(6_000),
    operationsAtOnceOfBot: positive(600),
    operationsPerMinuteOfMember: positive(240),
    operationsAtOnceOfMember: positive(60),
    /** Seconds for which a generation with a key is written on when its last reader has gone, so that it can be picked up. */
    pickUpSeconds: time(10, DAY_SECONDS),
    /** Generations a minute for one member, whoever asks but admins; how many of them at once after a rest. */
    generationsPerMinute: positive(30),
    generationsAtOnce: positive(10),
    /** Of one member, whoever asks but admins: being written at the same time, and waiting besides. Of one bot's key: both together. */
    runningPerMember: positive(4),
    waitingPerMember: positive(8),
    runningPerBot: positive(64),
    /** Characters of a key and of a value that a bot keeps, and rows that one bot may keep. */
    storageKeyCharacters: positive(256),
    storageValueCharacters: positive(16_384),
    storageRows: positive(100_000),
    /** Characters of a taste that is imported. */
    tasteCharacters: positive(16_384),
  })
  .superRefine((limits, context) => {
    const said = (bound: keyof typeof limits | 0 | 1) =>
      typeof bound === 'number' ? `${bound}` : `${bound} (${limits[bound]})`;
    for (const [low, name, high] of BETWEEN) {
      if (limits[name] >= (typeof low === 'number' ? low : limits[low]) && limits[name] <= limits[high]) continue;
      const message = `it is ${limits[name]}; it must be from ${said(low)} to ${said(high)}`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .prefault({});

export type Limits = z.infer<typeof limitsSchema>;

/** The limits of a process that changes none of them. */
export const DEFAULT_LIMITS: Limits = limitsSchema.parse({});

/** Paths are put behind it, in links that people see. */
function isPlainAddress(url: string): boolean {
  // One that is none at all has been told already.
  if (!URL.canParse(url)) return true;
  const { username, password } = new URL(url);
  return !/[?#]/.test(url) && username === '' && password === '';
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

const settingsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: whole(0, 65_535).default(4_000),
  /** Folder for the database, fetched models and the admin key. */
  data: z.string().min(1).default('./.palate'),
  /** A path of a GGUF file, or hf:owner/repo/file; undefined means what the data folder holds, else the default model. */
  model: z.string().min(1).optional(),
  /** Threads one inference uses; 0 leaves the choice to the runtime. */
  threads: whole(0, 1_024).default(0),
  /** Replies decoded at the same time. */
  slots: whole(1, 256).default(16),
  /** File of a checkpoint; undefined means the ones that come with the product and those in the data folder. */
  checkpoint: z.string().min(1).optional(),
  /** Where people reach the gateway from elsewhere, for links; undefined means the address it listens on. */
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'must be an address like https://palate.example.org' })
    .refine(isPlainAddress, 'must be an address with nothing behind its path, and without a name or password')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  adminKey: z.string().min(16, 'must have at least 16 characters').optional(),
  databaseUrl: z.string().min(1).optional(),
  /** Plugins to load: files, folders or packages; names without a path are those that come with the product. `none` means none. */
  plugins: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? given.split(',') : given).map((name) => name.trim()))
    .transform((names) => names.filter((name) => name !== '' && name !== 'none'))
    .default(['discord', 'slack']),
  /** 32 bytes in base64 that secrets are encrypted with; undefined means the key file in the data folder. */
  secretKey: z.base64().length(44, 'must be 32 bytes in base64').optional(),
  /** Origins of web pages of other places that may use the gateway, as browsers write them. */
  allowedOrigins: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? given.split(',') : given).map((text) => text.trim()))
    .transform((origins) => origins.filter((text) => text !== ''))
    .refine(
      (origins) => origins.every(isOrigin),
      'must be origins like https://example.org, with nothing behind the port',
    )
    .default([]),
  /** Days after which prompts and replies are erased; 0 keeps them. What was learned from them stays. */
  textDays: whole(0, CENTURY_DAYS).default(0),
  /** Minutes within which what was removed is erased from the embedded database's files: at the first quiet moment, else at their end. */
  cleanUpMinutes: numeric(z.number().min(0).max(1_440)).default(10),
  /** Public keys of other installations whose tastes may be imported here; each is named when one of theirs is refused. */
  trustedTasteKeys: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => (typeof given === 'string' ? given.split(',') : given).map((key) => key.trim()))
    .transform((keys) => keys.filter((key) => key !== ''))
    .refine((keys) => keys.every((key) => /^[\w-]{43}$/.test(key)), 'must be public keys of 43 characters each')
    .default([]),
  log: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  limits: limitsSchema,
});

type SettingValues = z.infer<typeof settingsSchema>;

export type SettingName = Exclude<keyof SettingValues, 'limits'>;

export interface Settings extends SettingValues {
  /** What each setting that was given was given by, for whoever has to correct it: `--port`, `PALATE_PORT`, or an entry of the file. */
  origin: Readonly<Partial<Record<SettingName, string>>>;
}

/** The settings of a process that is given none. */
export const DEFAULT_SETTINGS: Settings = { ...settingsSchema.parse({ limits: {} }), origin: {} };

/** The variable each setting is read from. */
export const VARIABLES: Record<SettingName, string> = {
  host: 'PALATE_HOST',
  port: 'PALATE_PORT',
  data: 'PALATE_DATA',
  model: 'PALATE_MODEL',
  threads: 'PALATE_THREADS',
  slots: 'PALATE_SLOTS',
  checkpoint: 'PALATE_CHECKPOINT',
  publicUrl: 'PALATE_PUBLIC_URL',
  adminKey: 'PALATE_ADMIN_KEY',
  databaseUrl: 'DATABASE_URL',
  plugins: 'PALATE_PLUGINS',
  secretKey: 'PALATE_SECRET_KEY',
  allowedOrigins: 'PALATE_ALLOWED_ORIGINS',
  textDays: 'PALATE_TEXT_DAYS',
  cleanUpMinutes: 'PALATE_CLEANUP_MINUTES',
  trustedTasteKeys: 'PALATE_TRUSTED_TASTE_KEYS',
  log: 'PALATE_LOG',
};

/** Settings that are spoken for and do nothing yet. Whoever sets one expects that it works: it is refused and not passed over. */
export const RESERVED = {
  device: { variable: 'PALATE_DEVICE', because: 'the model runs on the processor and nowhere else' },
  natsUrl: { variable: 'NATS_URL', because: 'gateways share a PostgreSQL server and nothing else' },
} as const;

/** How long a plugin may take, and how it is looked after. Milliseconds, where nothing else is said. */
export const PLUGIN_TIMES = {
  /** Loading its file; starting; stopping. */
  load: 30_000,
  start: 30_000,
  stop: 10_000,
  /** Looking at its settings for the doctor. */
  diagnose: 20_000,
  /** Between two questions for its health, for the answer, and how many bad answers in a row end it. */
  healthInterval: 5_000,
  health: 5_000,
  badHealth: 3,
  /** Before it is started again. */
  firstRestart: 1_000,
  longestRestart: 300_000,
  settled: 60_000,
  /** A hook; a field of its own. */
  hook: 500,
  field: 10_000,
} satisfies RestartTimes & Record<string, number>;

export type PluginTimes = typeof PLUGIN_TIMES;

/** How the language model is opened again after its worker died. */
export const MODEL_RESTART: RestartTimes = { firstRestart: 1_000, longestRestart: 60_000, settled: 60_000 };

/** How the embedded database is opened again after it gave up, and how long it may show no sign of life before it is ended. */
export const DATABASE_RESTART: RestartTimes = { firstRestart: 250, longestRestart: 10_000, settled: 60_000 };
export const DATABASE_SILENT_MS = 60_000;
/** How long the embedded database may take to close. */
export const DATABASE_CLOSE_MS = 30_000;
/** How long everything together may take to stop before the process ends all the same. */
export const STOP_MS = 180_000;

export const CONFIG_FILE = 'palate.config.json';

export interface SettingSources {
  /** Values given on the command line; undefined ones count as not given. */
  flags?: Partial<Record<SettingName, unknown>>;
  environment?: Readonly<Record<string, string | undefined>>;
  /** Where palate.config.json is looked for and relative paths begin. */
  folder?: string;
}

/**
 * The settings of this process, checked; `data` comes back absolute.
 * @throws PalateError BAD_USER_INPUT that names the flag, variable or file entry, what is wrong with it and what is allowed
 */
export function loadSettings(sources: SettingSources = {}): Settings {
  const folder = resolve(sources.folder ?? process.cwd());
  const environment = sources.environment ?? process.env;
  const file = readConfigFile(join(folder, CONFIG_FILE));
  const values: Record<string, unknown> = { ...file };
  const origin: Partial<Record<string, string>> = Object.fromEntries(
    Object.keys(file).map((name) => [name, inFile(name)]),
  );
  for (const [name, variable] of Object.entries(VARIABLES) as [SettingName, string][]) {
    if (environment[variable]) {
      values[name] = environment[variable];
      origin[name] = variable;
    }
    if (sources.flags?.[name] !== undefined) {
      values[name] = sources.flags[name];
      origin[name] = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    }
  }
  for (const [name, { variable, because }] of Object.entries(RESERVED)) {
    const source = environment[variable] ? variable : name in file ? inFile(name) : undefined;
    if (source) throw new PalateError('BAD_USER_INPUT', `${source} does nothing yet: ${because}. Remove it.`);
  }
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success) throw new PalateError('BAD_USER_INPUT', describe(parsed.error.issues[0], origin));
  return { ...parsed.data, data: resolve(folder, parsed.data.data), origin };
}

const inFile = (path: string) => `${path} in ${CONFIG_FILE}`;

/** Where the admin key that the first start makes is kept. */
export function adminKeyFile(settings: Pick<Settings, 'data'>): string {
  return join(settings.data, 'admin-key');
}

/** Where the key that the first start makes for secrets is kept. */
export function secretKeyFile(settings: Pick<Settings, 'data'>): string {
  return join(settings.data, 'secret-key');
}

/** The variable that sets a plugin's field: `my-bot` and `appToken` give PALATE_PLUGIN_MY_BOT_APP_TOKEN. */
export function pluginVariable(plugin: string, field: string): string {
  const words = (text: string) =>
    text
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toUpperCase();
  return `PALATE_PLUGIN_${words(plugin)}_${words(field)}`;
}

/** The address at which a client on this machine reaches the gateway. */
export function localUrl(settings: Pick<Settings, 'host' | 'port'>): string {
  const anywhere = settings.host === '0.0.0.0' || settings.host === '::';
  const host = anywhere ? 'localhost' : settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return `http://${host}:${settings.port}`;
}

function readConfigFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new PalateError(
      'BAD_USER_INPUT',
      `${path} cannot be read (${messageOf(error)}). Make it readable or remove it.`,
    );
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new PalateError('BAD_USER_INPUT', `${path} is not JSON (${messageOf(error)}). Correct it or remove it.`);
  }
  throw new PalateError('BAD_USER_INPUT', `${path} must hold one JSON object, for example { "port": 4000 }.`);
}

function describe(issue: z.core.$ZodIssue, origin: Settings['origin']): string {
  if (issue.code === 'unrecognized_keys') {
    const known = issue.path.length ? Object.keys(DEFAULT_LIMITS) : [...Object.keys(VARIABLES), 'limits'];
    return `${CONFIG_FILE} has no setting "${issue.keys[0]}". The settings are: ${known.join(', ')}.`;
  }
  const [name, ...inside] = issue.path.map(String);
  const source = inside.length > 0 ? inFile(issue.path.join('.')) : (origin[name as SettingName] ?? inFile(name));
  return `${source} is not usable: ${issue.message}. docs/operations.md says what each setting takes.`;
}
