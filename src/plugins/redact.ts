/** Takes a plugin's secrets out of whatever it says. */

const COVER = '[secret]';
/** Shorter texts occur in ordinary words. */
const SHORTEST = 4;

export type Redact = <T>(value: T) => T;

/** A function that copies texts, lists and plain objects with every occurrence of the secrets covered. */
export function redact(secrets: readonly string[]): Redact {
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST).sort((a, b) => b.length - a.length);
  const cover = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return hidden.reduce((text, secret) => text.replaceAll(secret, COVER), value);
    if (value instanceof Error) return cover(value.stack ?? value.message, depth);
    if (typeof value !== 'object' || value === null) return value;
    if (depth === 0) return '…';
    if (Array.isArray(value)) return value.map((item) => cover(item, depth - 1));
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, cover(item, depth - 1)]));
  };
  return <T>(value: T) => cover(value, 6) as T;
}
