/** A CLaP run's state on disk: parameters, moments and step, so that a run goes on as if it had not stopped. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeWhole } from '../../common/whole-files.js';
import { type NamedArray, readSafetensors, writeSafetensors } from '../safetensors.js';
import { namesOf, type TrainerState } from './trainer.js';

export async function writeState<Name extends string>(
  path: string,
  shapes: Record<Name, number[]>,
  { step, parameters, moments }: TrainerState<Name>,
): Promise<void> {
  const arrays = namesOf(parameters).flatMap((name): [string, NamedArray][] => [
    [name, { shape: shapes[name], data: parameters[name] }],
    [`${name}.mean`, { shape: shapes[name], data: moments[name].mean }],
    [`${name}.square`, { shape: shapes[name], data: moments[name].square }],
  ]);
  await writeWhole(
    path,
    writeSafetensors(arrays, { step: String(step) }, () => 'F32'),
  );
}

/** The state an earlier run left; undefined when there is none. @throws PalateError MODEL_UNAVAILABLE when it is damaged */
export async function readState<Name extends string>(
  path: string,
  shapes: Record<Name, number[]>,
): Promise<TrainerState<Name> | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  const { metadata, arrays } = readSafetensors(bytes, basename(path));
  const array = (name: string) => (arrays.get(name) as NamedArray).data;
  const names = namesOf(shapes);
  const each = <T>(make: (name: Name) => T) =>
    Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>;
  for (const name of names) {
    if (String(arrays.get(name)?.shape) !== String(shapes[name])) return undefined;
  }
  return {
    step: Number(metadata.step),
    parameters: each(array),
    moments: each((name) => ({ mean: array(`${name}.mean`), square: array(`${name}.square`) })),
  };
}
