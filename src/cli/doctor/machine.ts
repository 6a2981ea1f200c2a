/** The doctor's look at the machine: Node, variables, the data folder, the disk, the port. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { adminKeyFile, pluginVariable, type Settings, secretKeyFile, VARIABLES } from '../../common/config.js';
import { PLUGIN_PREFIX, unknownVariables } from '../../common/environment.js';
import { messageOf } from '../../common/errors.js';
import type { Plugin } from '../../contract/generated/types.js';
import { folderHolder } from '../../store/folder-lock.js';
import { ok, type PartFinding, problem, warning } from './findings.js';

const GIBIBYTE = 2 ** 30;
/** Free space below which the service may stop working, and below which that is near. GiB. */
const [FULL, NEARLY_FULL] = [0.25, 2];

type Environment = Readonly<Record<string, string | undefined>>;

/** @param range as package.json writes it: `^a.b` and `>=a`, joined by `||` */
export function nodeFinding(version: string, range: string): PartFinding {
  if (isInRange(version, range)) return ok(`Node ${version} is supported.`);
  return problem(`Node ${version} is not supported.`, `Install one of ${range} from https://nodejs.org.`);
}

function isInRange(version: string, range: string): boolean {
  const [major, minor = 0] = version.split('.').map(Number);
  return range.split('||').some((part) => {
    const [, sign, text] = /^\s*(\^|>=)([\d.]+)\s*$/.exec(part) ?? [];
    if (text === undefined) return false;
    const [wantedMajor, wantedMinor = 0] = text.split('.').map(Number);
    if (major === wantedMajor) return minor >= wantedMinor;
    return sign === '>=' && major > wantedMajor;
  });
}

/** Variables that look like settings and are none; `plugins` where they are known. */
export function variableFindings(environment: Environment, plugins: readonly Plugin[] | null): PartFinding[] {
  const fields = plugins?.flatMap(({ name, fields }) => fields.map((field) => pluginVariable(name, field.name)));
  const ofPlugins = Object.keys(environment).filter(
    (name) => name.startsWith(PLUGIN_PREFIX) && environment[name] && fields !== undefined && !fields.includes(name),
  );
  return [
    ...unknownVariables(environment).map(({ name, meant }) => {
      const advice = meant
        ? `Did you mean ${meant}?`
        : 'Compare its spelling with "palate start --help", or remove it.';
      return problem(`${name} is set, and there is no such setting: the service does not start with it.`, advice);
    }),
    ...ofPlugins.sort().map((name) => {
      const advice = "Compare its spelling with the plugin's settings, or remove it.";
      return warning(`${name} is set, and there is no such setting.`, advice);
    }),
  ];
}

/** @param answers whether a running service answers */
export async function folderFindings(settings: Settings, answers: boolean): Promise<PartFinding[]> {
  const folder = settings.data;
  const exists = await stat(folder).catch(() => undefined);
  if (exists && !exists.isDirectory()) {
    return [problem(`${folder} is no folder.`, `Name a folder with --data or ${VARIABLES.data}.`)];
  }
  const place = exists ? folder : await existingAbove(folder);
  try {
    await access(place, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return [
      problem(
        `The data folder ${folder} cannot be written (${messageOf(error)}).`,
        `Let this user write there, or choose another folder with --data or ${VARIABLES.data}.`,
      ),
    ];
  }
  if (!exists) return [ok(`The data folder ${folder} is made by the first start.`)];
  return [
    ok(`The data folder ${folder} can be written.`),
    ...(await lockFindings(folder, answers, settings.databaseUrl !== undefined)),
    ...(await privacyFindings([folder, adminKeyFile(settings), secretKeyFile(settings)])),
  ];
}

async function lockFindings(folder: string, answers: boolean, onServer: boolean): Promise<PartFinding[]> {
  const holder = await folderHolder(folder);
  if (holder === null || onServer) return [];
  if (answers) return [ok(`It is open in ${holder}.`)];
  const advice = 'It may be starting, or listen elsewhere: name its address with --url. Else stop it.';
  return [warning(`The data folder is open in ${holder}, and no service answers.`, advice)];
}

/** What is meant for its owner alone and can be read by others. */
async function privacyFindings(paths: readonly string[]): Promise<PartFinding[]> {
  if (process.platform === 'win32') return [];
  const stats = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.flatMap((path, i) => {
    const open = stats[i];
    if (!open || (open.mode & 0o077) === 0) return [];
    const mode = open.isDirectory() ? '700' : '600';
    return [warning(`Other users of this machine can get at ${path}.`, `Run: chmod ${mode} '${path}'`)];
  });
}

export async function diskFinding(folder: string): Promise<PartFinding> {
  const { bavail, bsize } = await statfs(await existingAbove(folder));
  const free = (bavail * bsize) / GIBIBYTE;
  const title = `${free.toFixed(1)} GiB are free where the data folder is.`;
  const advice = `Make room, or choose a folder on another disk with --data or ${VARIABLES.data}.`;
  if (free < FULL) return problem(title, advice);
  return free < NEARLY_FULL ? warning(title, advice) : ok(title);
}

/** Whether the service could listen; asked while none runs. */
export async function portFinding({ host, port }: Settings): Promise<PartFinding> {
  const server = createServer();
  const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => resolve(null));
  });
  await new Promise((resolve) => server.close(resolve));
  if (!failure) return ok(`It can listen on ${host}, port ${port}.`);
  const advice = `Set ${VARIABLES.port} or ${VARIABLES.host} to others, or end what has the port.`;
  return problem(`It cannot listen on ${host}, port ${port} (${failure.code ?? messageOf(failure)}).`, advice);
}

async function existingAbove(path: string): Promise<string> {
  for (let place = path; ; place = dirname(place)) {
    if (place === dirname(place) || (await stat(place).catch(() => undefined))) return place;
  }
}
