/** Tables that a model writes in Markdown, made readable on platforms that do not draw them. */
import stringWidth from 'string-width';

/** Characters a line of fixed-width text may have before a telephone breaks it. */
export const TABLE_WIDTH = 46;

/** Whether a table begins at `lines[at]`: a row with a rule of dashes below it. */
export function isTableStart(lines: readonly string[], at: number): boolean {
  return isRow(lines[at]) && isRule(lines[at + 1]) && cellsOf(lines[at]).length === cellsOf(lines[at + 1]).length;
}

/** The index behind the last row of the table that begins at `at`. */
export function tableEnd(lines: readonly string[], at: number): number {
  let end = at + 2;
  while (end < lines.length && isRow(lines[end])) end++;
  return end;
}

/**
 * A table as a block of fixed-width text with aligned columns; where that is wider than `width`, as one paragraph a row
 * that names every cell by its column.
 */
export function renderTable(rows: readonly string[], width = TABLE_WIDTH): string {
  const [header, rule, ...body] = rows.map(cellsOf);
  const cells = [header, ...body].map((row) => header.map((_, column) => plain(row[column] ?? '')));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column]))));
  if (widths.reduce((sum, columnWidth) => sum + columnWidth + 2, -2) > width) return renderRecords(header, body);
  const right = rule.map((cell) => /-:$/.test(cell) && !cell.startsWith(':'));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column], right[column]))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((columnWidth) => '-'.repeat(columnWidth)).join('  '));
  return ['```', ...lines, '```'].join('\n');
}

function renderRecords(header: readonly string[], body: readonly string[][]): string {
  return body
    .map((row) =>
      header
        .map((name, column) => {
          const cell = row[column] ?? '';
          return name === '' ? cell : column === 0 ? `**${plain(name)}: ${plain(cell)}**` : `${plain(name)}: ${cell}`;
        })
        .filter((line) => line !== '')
        .join('\n'),
    )
    .join('\n\n');
}

function isRow(line: string | undefined): boolean {
  return !!line?.includes('|') && line.trim() !== '|';
}

function isRule(line: string | undefined): boolean {
  return !!line?.includes('-') && cellsOf(line).every((cell) => /^:?-+:?$/.test(cell));
}

/** The cells of a row; a bar behind a backslash is text. */
function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** Without the marks of emphasis, which fixed-width text shows as they are; fences cannot be closed by a cell. */
function plain(cell: string): string {
  return cell.replaceAll(/\*\*|__|`/g, '');
}

function pad(cell: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(cell)));
  return right ? blanks + cell : cell + blanks;
}
