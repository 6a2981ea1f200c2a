/** A payload with one part of it wrong, for every part and every way. */

type Json = unknown;
type Path = readonly (string | number)[];

/** Stands for a part that is not there. */
const GONE = Symbol('gone');

/** Ways in which a part can be wrong, by name. */
const WRONG: Readonly<Record<string, Json>> = {
  gone: GONE,
  null: null,
  number: 7,
  'a great number': 1e300,
  true: true,
  'no text': '',
  'another text': 'null',
  'a long text': 'x'.repeat(200_000),
  'half a pair': '\ud800',
  'a list': [],
  'an object': {},
  'a deep list': Array.from({ length: 200 }).reduce<Json>((inner) => [inner], []),
};

export interface Mutation {
  path: string;
  how: string;
  payload: Json;
}

/** Every part that `applies` to, the whole included, in every wrong way. */
export function* mutationsOf(payload: Json, applies: (path: string) => boolean = () => true): Generator<Mutation> {
  for (const path of pathsOf(payload)) {
    const name = path.join('.');
    if (!applies(name)) continue;
    for (const [how, wrong] of Object.entries(WRONG)) {
      if (path.length === 0 && wrong === GONE) continue;
      yield { path: name, how, payload: changed(payload, path, wrong) };
    }
  }
}

/** Whether a path leads to one of the parts, or to something that they are in. */
export function within(parts: readonly string[]): (path: string) => boolean {
  return (path) => parts.some((part) => part === path || path === '' || part.startsWith(`${path}.`));
}

function* pathsOf(value: Json, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

function changed(value: Json, path: Path, wrong: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return wrong;
  const copy: Record<string | number, Json> = Array.isArray(value) ? ([...value] as never) : { ...(value as object) };
  const inner = changed(copy[key], rest, wrong);
  if (inner === GONE) delete copy[key];
  else copy[key] = inner;
  return copy;
}
