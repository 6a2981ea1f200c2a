/** Live. */

export function LivePage() {
  return null;
}
