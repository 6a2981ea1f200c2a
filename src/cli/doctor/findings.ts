/** What the doctor says, and how it is written. */
import type { Finding } from '../../contract/generated/types.js';

/** A finding, and the part it is about: `palate` itself, or a plugin. */
export interface PartFinding extends Finding {
  part: string;
}

const SERVICE = 'palate';

export const ok = (title: string, advice: string | null = null): PartFinding => finding('OK', title, advice);
export const warning = (title: string, advice: string): PartFinding => finding('WARNING', title, advice);
export const problem = (title: string, advice: string | null): PartFinding => finding('PROBLEM', title, advice);

function finding(level: Finding['level'], title: string, advice: string | null): PartFinding {
  return { part: SERVICE, level, title, advice };
}

/** How many there are of a level. */
export function count(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((one) => one.level === level).length;
}

/** Two lines a finding at most, and a last one that sums up. Control characters are shown as spaces. */
export function renderFindings(findings: readonly PartFinding[]): string {
  const lines = findings.flatMap(({ part, level, title, advice }) => [
    `${level.toLowerCase().padEnd(9)}${part === SERVICE ? '' : `${part}: `}${title}`,
    ...(advice === null ? [] : [`${' '.repeat(9)}${advice}`]),
  ]);
  const problems = times(count(findings, 'PROBLEM'), 'problem');
  const warnings = times(count(findings, 'WARNING'), 'warning');
  return `${[...lines.map((line) => line.replace(/\p{Cc}/gu, ' ')), '', `${problems}, ${warnings}.`].join('\n')}\n`;
}

/** For programs. */
export function findingsAsJson(findings: readonly PartFinding[]): string {
  const summary = { problems: count(findings, 'PROBLEM'), warnings: count(findings, 'WARNING'), findings };
  return `${JSON.stringify(summary, null, 2)}\n`;
}

function times(number: number, noun: string): string {
  return `${number === 0 ? 'no' : number} ${noun}${number === 1 ? '' : 's'}`;
}
