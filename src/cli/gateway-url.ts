/** Where commands that talk to a gateway were told that it is. */

/** @returns undefined where nobody said: it is then where the settings say that it listens */
export function namedUrl(flag: string | undefined): string | undefined {
  // A variable that is empty counts as not set.
  return flag ?? (process.env.PALATE_URL || undefined);
}
