/** Setup. */

export function SetupPage() {
  return null;
}
