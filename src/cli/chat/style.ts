/** ANSI styles, or none of them. */

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

const code = (open: number, close: number) => (text: string) =>
  text === '' ? '' : `\x1b[${open}m${text}\x1b[${close}m`;
const same = (text: string) => text;

export const ANSI: Style = {
  bold: code(1, 22),
  dim: code(2, 22),
  accent: code(36, 39),
  good: code(32, 39),
  bad: code(31, 39),
};
export const PLAIN: Style = { bold: same, dim: same, accent: same, good: same, bad: same };
