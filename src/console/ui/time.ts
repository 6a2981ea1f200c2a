/** Moments, spans of time and numbers in a few words. */
import { LOCALE } from './locale.js';

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [60, 'second'],
  [60, 'minute'],
  [24, 'hour'],
  [30, 'day'],
  [12, 'month'],
  [Number.POSITIVE_INFINITY, 'year'],
];

/** "1 reply", "2 replies" */
export function counted(number: number, one: string, several = `${one}s`): string {
  return `${amount(number)} ${number === 1 ? one : several}`;
}

/** "2 minutes ago" */
export function ago(moment: string, now = Date.now()): string {
  let amount = (new Date(moment).getTime() - now) / 1_000;
  for (const [size, unit] of STEPS) {
    if (Math.abs(amount) < size) return RELATIVE.format(Math.round(amount), unit);
    amount /= size;
  }
  return moment;
}

/** "62 ms", "1.4 s" */
export function span(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}

/** A wait that lies ahead: "in a moment", "in about 40 seconds", "in about 3 minutes" */
export function waiting(milliseconds = 0): string {
  if (milliseconds <= 2_000) return 'in a moment';
  const seconds = milliseconds / 1_000;
  if (seconds < 10) return `in about ${Math.ceil(seconds)} seconds`;
  if (seconds < 90) return `in about ${Math.ceil(seconds / 5) * 5} seconds`;
  return `in about ${Math.ceil(seconds / 60)} minutes`;
}

/** Day and time as the reader's own country writes them. */
export function moment(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return date.toLocaleString(LOCALE, { dateStyle: 'medium', timeStyle: 'short' });
}

/** "1,024", in the language of the page. */
export function amount(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 3 });
}
