/** Text that comes back from the database as it was given: pure. */

/** What is in a text that cannot be stored as it is, in words that go on with "contains"; undefined for one that can. */
export function faultOf(text: string): string | undefined {
  // PostgreSQL's text cannot hold it.
  if (text.includes('\0')) return 'the character U+0000';
  // UTF-8 has no form for it: it would become U+FFFD, and two texts one.
  const [half] = /\p{Surrogate}/u.exec(text) ?? [];
  if (half !== undefined)
    return `half a character (the lone surrogate U+${half.charCodeAt(0).toString(16).toUpperCase()})`;
  return undefined;
}

/** The name of a chat platform: one spelling each, so that nobody becomes two members. */
export function isPlatformName(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]*$/.test(text);
}
