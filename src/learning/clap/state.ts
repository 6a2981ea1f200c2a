/** A CLaP run's state on disk: parameters, moments and step, so that a run goes on as if it had not stopped. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../common/whole-files.js';
import { type NamedArray, readSafetensors, writeSafetensors } from '../safetensors.js';
import { type ParameterName, parameterNames } from './graph.js';
import type { TrainerState } from './trainer.js';

const FILE = 'state.safetensors';

export async function writeState(
  folder: string,
  shapes: Record<ParameterName, number[]>,
  { step, parameters, moments }: TrainerState,
): Promise<void> {
  const arrays = parameterNames.flatMap((name): [string, NamedArray][] => [
    [name, { shape: shapes[name], data: parameters[name] }],
    [`${name}.mean`, { shape: shapes[name], data: moments[name].mean }],
    [`${name}.square`, { shape: shapes[name], data: moments[name].square }],
  ]);
  await writeWhole(
    join(folder, FILE),
    writeSafetensors(arrays, { step: String(step) }, () => 'F32'),
  );
}

/** The state an earlier run left; undefined when there is none. @throws PalateError MODEL_UNAVAILABLE when it is damaged */
export async function readState(
  folder: string,
  shapes: Record<ParameterName, number[]>,
): Promise<TrainerState | undefined> {
  const bytes = await readFile(join(folder, FILE)).catch(() => undefined);
  if (!bytes) return undefined;
  const { metadata, arrays } = readSafetensors(bytes, FILE);
  const array = (name: string) => (arrays.get(name) as NamedArray).data;
  const each = <T>(make: (name: ParameterName) => T) =>
    Object.fromEntries(parameterNames.map((name) => [name, make(name)])) as Record<ParameterName, T>;
  for (const name of parameterNames) {
    if (String(arrays.get(name)?.shape) !== String(shapes[name])) return undefined;
  }
  return {
    step: Number(metadata.step),
    parameters: each(array),
    moments: each((name) => ({ mean: array(`${name}.mean`), square: array(`${name}.square`) })),
  };
}
