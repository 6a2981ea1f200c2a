/** The taste bench's tables and the replies to read. */
import type { ScorerAgreement } from './agreement.js';
import type { BankPrompt } from './bank.js';
import type { Estimate } from './crossed.js';
import type { Evaluation } from './evaluation.js';
import type { OfflineRow } from './offline.js';
import type { TasteRow } from './summary.js';

type Table = { columns: string[]; lines: string[][] };

/** Columns as wide as their widest cell. */
export function tableText({ columns, lines }: Table): string {
  const widths = columns.map((column, c) => Math.max(column.length, ...lines.map((line) => line[c].length)));
  return [columns, ...lines]
    .map(
      (line) =>
        `${line
          .map((cell, c) => cell.padEnd(widths[c]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

export function agreementTable(rows: readonly ScorerAgreement[]): Table {
  return {
    columns: ['taste', 'kind', 'A with B', 'prompts', 'ties by A', 'ties by B'],
    lines: rows.map(({ taste, kind, correlation, prompts, tiesA, tiesB }) => [
      taste,
      kind,
      fixed(correlation, 2),
      `${prompts}`,
      percent(tiesA),
      percent(tiesB),
    ]),
  };
}

export function offlineTable(rows: readonly OfflineRow[]): Table {
  return {
    columns: [
      'of',
      'slips',
      'votes',
      'method',
      'pairs by A',
      '95 %',
      'by B',
      'gain',
      '95 %',
      'log-lik.',
      'scaled',
      'scale',
    ],
    lines: rows.map((row) => [
      `${row.candidates}`,
      percent(row.slips),
      `${row.count}`,
      row.method,
      fixed(row.a.mean, 3),
      range(row.a),
      fixed(row.b.mean, 3),
      signed(row.gain.mean),
      range(row.gain),
      signed(row.likelihood),
      signed(row.scaledLikelihood),
      `${row.scale}`,
    ]),
  };
}

export function tasteTable(rows: readonly TasteRow[]): Table {
  return {
    columns: [
      ...[
        'taste',
        'of',
        'slips',
        'votes',
        'method',
        'win by A',
        '95 %',
        'ties',
        'by B',
        '95 %',
        'ties',
        'gain',
        '95 %',
      ],
      ...['perpl.', 'dist-2', 'self-BLEU', 'ended', 'invented', 'facts', 'refusals', 'words', 'decoded', 'seconds'],
    ],
    lines: rows.map((row) => [
      ...[row.taste, `${row.candidates}`, percent(row.slips), row.votes.toFixed(0), row.method],
      ...[
        fixed(row.a.mean, 3),
        range(row.a),
        percent(row.tiesA),
        fixed(row.b.mean, 3),
        range(row.b),
        percent(row.tiesB),
      ],
      ...[signed(row.gain.mean), range(row.gain), fixed(row.perplexity, 2), fixed(row.distinct2, 3)],
      ...[
        fixed(row.selfBleu, 3),
        percent(row.ended),
        fixed(row.invented, 2),
        percent(row.facts),
        percent(row.refusals),
      ],
      ...[row.words.toFixed(0), row.decoded.toFixed(0), fixed(row.seconds, 3)],
    ]),
  };
}

/** Prompts whose replies are written out. */
const READABLE = 6;

/** The first reply of each method beside an unsteered one, for the last count of each taste's first member. */
export function repliesText(held: readonly BankPrompt[], evaluations: readonly Evaluation[]): string {
  const most = Math.max(...evaluations.map(({ count }) => count));
  const shown = evaluations.filter(({ count, member }) => count === most && member.seed === 1);
  const tastes = [...new Set(shown.map(({ member }) => member.taste.name))];
  const sections = tastes.map((taste) => {
    const ofTaste = shown.filter(({ member }) => member.taste.name === taste);
    const header = [
      'prompt',
      'unsteered',
      ...ofTaste.map(({ method, candidates, slips }) => `${method} (${candidates}, ${percent(slips)})`),
    ];
    const rows = held.slice(0, READABLE).map(({ prompt, replies }, p) => {
      return [prompt, replies.at(-1)?.text ?? '', ...ofTaste.map((one) => one.replies[p][0].text)];
    });
    const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`);
    return [`## ${taste}, ${most} votes`, '', ...lines, ''].join('\n');
  });
  return `# Replies, the first of each method\n\n${sections.join('\n')}`;
}

const cell = (text: string): string =>
  text
    .trim()
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ⏎ ');

const fixed = (value: number, digits: number): string => (Number.isNaN(value) ? '-' : value.toFixed(digits));
const signed = (value: number): string => (value > 0 ? `+${fixed(value, 3)}` : fixed(value, 3));
const percent = (share: number): string => (Number.isNaN(share) ? '-' : `${(100 * share).toFixed(0)} %`);
const range = ({ low, high }: Estimate): string => `${fixed(low, 2)}..${fixed(high, 2)}`;
