/** Tune. */

export function TunePage() {
  return null;
}
