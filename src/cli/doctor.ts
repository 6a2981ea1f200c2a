/** `palate doctor`: looks at everything the service needs, and at each plugin's settings, and says what to do. Changes nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadSettings, type SettingSources, type Settings, VARIABLES } from '../common/config.js';
import { messageOf } from '../common/errors.js';
import { installationFolder } from '../common/installation.js';
import { count, findingsAsJson, ok, type PartFinding, problem, renderFindings } from './doctor/findings.js';
import { diskFinding, folderFindings, nodeFinding, portFinding, variableFindings } from './doctor/machine.js';
import { modelFindings } from './doctor/model.js';
import { askFolder, askService, databaseBeside, readiness } from './doctor/service.js';
import { namedUrl } from './gateway-url.js';

interface DoctorFlags {
  url?: string;
  data?: string;
  plugins?: string;
  json?: boolean;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Look at what the service needs and at its plugins, and say what to do. The status is 1 with problems.',
    )
    .option('--url <address>', 'the gateway (PALATE_URL); default: where the settings say that it listens')
    .option('--data <folder>', `the gateway's data folder (${VARIABLES.data})`)
    .option('--plugins <list>', `plugins to look at where no gateway runs (${VARIABLES.plugins})`)
    .option('--json', 'as JSON')
    .action(async ({ url, data, plugins, json }: DoctorFlags) => {
      const findings = await examine({ flags: { data, plugins } }, namedUrl(url));
      const text = json ? findingsAsJson(findings) : renderFindings(findings);
      const status = count(findings, 'PROBLEM') > 0 ? 1 : 0;
      // What a plugin left behind keeps nobody waiting.
      process.stdout.write(text, () => process.exit(status));
    });
}

/** Everything that is found, the service's own parts first. */
export async function examine(sources: SettingSources, url: string | undefined): Promise<PartFinding[]> {
  const { environment = process.env } = sources;
  const { engines } = JSON.parse(readFileSync(join(installationFolder(), 'package.json'), 'utf8'));
  const node = nodeFinding(process.versions.node, engines.node);
  let settings: Settings;
  try {
    settings = loadSettings(sources);
  } catch (error) {
    return [node, problem(messageOf(error), null), ...variableFindings(environment, null)];
  }
  const service = await readiness(settings, url);
  const { plugins, findings } = service.answers
    ? await askService(settings, url)
    : await askFolder(settings, environment);
  return [
    node,
    ok('The settings can be read.'),
    ...variableFindings(environment, plugins),
    ...service.findings,
    ...(service.answers ? await databaseBeside(settings) : [await portFinding(settings)]),
    ...(await folderFindings(settings, service.answers)),
    await diskFinding(settings.data),
    ...(await modelFindings(settings)),
    ...findings,
    ...(plugins?.length === 0
      ? [ok('No plugins are loaded.', `${VARIABLES.plugins} names some: docs/plugins.md.`)]
      : []),
  ];
}
