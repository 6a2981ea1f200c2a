/** What Slack's refusals mean. */
import { webApi } from '@slack/bolt';

const { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } = webApi;

/** Slack's word for why it refused a call; null where it did not, but something was in the way. */
export function refusal(error: unknown): string | null {
  return error instanceof WebAPIPlatformError ? error.data.error : null;
}

/** Whether a call may have been carried out although it failed. */
export function isAmbiguous(error: unknown): boolean {
  return error instanceof WebAPIRequestError || error instanceof WebAPIHTTPError;
}

/** Milliseconds to wait where a call came too early; null for other errors. */
export function waitOf(error: unknown): number | null {
  return error instanceof WebAPIRateLimitedError ? error.retryAfter * 1_000 : null;
}

const FOR_GOOD = [
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'user_removed_from_team',
  'team_disabled',
];

/** Whether Slack takes the token of a call no more, however often it is tried. */
export function isForGood(error: unknown): boolean {
  return FOR_GOOD.includes(refusal(error) ?? '');
}

const GONE = [
  'message_not_found',
  'channel_not_found',
  'thread_not_found',
  'not_in_channel',
  'is_archived',
  'user_not_in_channel',
  'cant_update_message',
];

/** Whether an error says that the thing is not there any more, or not for the bot. */
export function isGone(error: unknown): boolean {
  const why = refusal(error);
  const known = why !== null && (GONE.includes(why) || FOR_GOOD.includes(why));
  return known || (error instanceof Error && /not installed there/.test(error.message));
}

/** What is in the way of Slack's API at this address, in words. */
export function reasonOf(error: unknown, api: string): string {
  if (error instanceof WebAPIHTTPError) return `Slack at ${api} answers with ${error.statusCode}`;
  if (error instanceof WebAPIRateLimitedError) return `Slack asks to wait ${error.retryAfter} seconds`;
  const original = error instanceof WebAPIRequestError ? error.original : error;
  const { cause, message, name } = original as Error & { cause?: NodeJS.ErrnoException };
  const why = name === 'TimeoutError' ? 'no answer' : (cause?.code ?? message);
  return `Slack cannot be reached at ${api} (${why})`;
}
