/** Taste. */

export function TastePage() {
  return null;
}
