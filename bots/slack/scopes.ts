/** What the bot asks Slack to be allowed, as the manifest has it, and what of it it cannot work without. */

/** Needed for answering and voting. */
export const NEEDED = [
  'app_mentions:read',
  'assistant:write',
  'chat:write',
  'commands',
  'im:history',
  'im:write',
  'reactions:read',
  'reactions:write',
  'users:read',
] as const;

/**
 * Used in one case only: to look whether a message was posted whose answer got lost, and to read again a question that
 * was taken in before a crash.
 */
export const HELPFUL = ['channels:history', 'groups:history'] as const;

/** The needed scopes that are not among those given; none where Slack did not say what is given. */
export function missingScopes(given: readonly string[] | undefined): string[] {
  return given ? NEEDED.filter((scope) => !given.includes(scope)) : [];
}
