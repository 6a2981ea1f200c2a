/** What a start that is done says to whoever sits before it: where the console is, and with which key. */
import { type Settings, VARIABLES } from '../common/config.js';
import type { AdminKey } from '../gateway/auth.js';

/** The first start shows the key it made, as a link; later ones say where it is kept. @param url where this machine reaches the gateway */
export function announcement(
  url: string,
  { publicUrl, origin }: Pick<Settings, 'publicUrl' | 'origin'>,
  { key, created, file }: AdminKey,
): string {
  const behind = created ? `/#key=${key}` : '';
  const addresses =
    publicUrl === undefined
      ? [`Console: ${url}${behind}`]
      : [`Console: ${publicUrl}${behind}`, `On this machine: ${url}${behind}`];
  const where =
    file === null
      ? `The admin key is the one in ${origin.adminKey ?? VARIABLES.adminKey}`
      : `The admin key is kept in ${file}`;
  return `\n${[...addresses, where].map((line) => `  ${line}\n`).join('')}\n`;
}
