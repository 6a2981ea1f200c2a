/** The doctor's questions to a plugin: asked without starting it, within a time, and answered in findings. */
import { messageOf } from '../common/errors.js';
import type { Finding } from '../contract/generated/types.js';
import { type DiagnosisContext, type Plugin, z } from './contract.js';
import { runInDomain } from './fault-domain.js';
import { logOf, type WriteLog } from './session.js';
import type { SupervisedState } from './supervisor.js';
import { withTimeout } from './timeout.js';

export interface DiagnosisOptions {
  plugin: Plugin;
  /** What the schema made of the settings. */
  config: Record<string, unknown>;
  rows: DiagnosisContext<unknown>['storage'];
  write: WriteLog;
  timeMs: number;
}

/**
 * What the plugin answers, as it is.
 * @throws Error when it fails or takes too long
 */
export async function diagnose({ plugin, config, rows, write, timeMs }: DiagnosisOptions): Promise<unknown> {
  const over = new AbortController();
  const storage: DiagnosisContext<unknown>['storage'] = { get: (key) => rows.get(key), list: (key) => rows.list(key) };
  const context = { config, storage, log: logOf(write), signal: over.signal };
  const fault = (error: unknown) =>
    write('warn', 'Something that the check left behind failed', { reason: messageOf(error) });
  try {
    const answer = runInDomain(fault, async () => plugin.diagnose?.(context) ?? []);
    return await withTimeout(timeMs, answer, `no answer after ${timeMs} ms`);
  } finally {
    over.abort();
  }
}

const findings = z
  .array(
    z.object({
      level: z.enum(['OK', 'WARNING', 'PROBLEM']),
      title: z.string().min(1).max(1_000),
      advice: z.string().max(2_000).optional(),
    }),
  )
  .max(200);

/** @throws Error where the answer is none */
export function readFindings(answer: unknown): Finding[] {
  const read = findings.safeParse(answer);
  if (!read.success) throw new Error('its answer is no list of findings');
  return read.data.map(({ level, title, advice = null }) => ({ level, title, advice }));
}

/** How the plugin itself stands, where that says something. */
export function standing({ status, message }: SupervisedState, wanted: boolean): Finding[] {
  if (!wanted)
    return [{ level: 'WARNING', title: 'The plugin is switched off.', advice: 'Start it with startPlugin.' }];
  if (status === 'RUNNING') return [{ level: 'OK', title: message ?? 'The plugin runs.', advice: null }];
  if (message === null || status === 'STOPPED') return [];
  return [{ level: 'PROBLEM', title: message, advice: null }];
}
