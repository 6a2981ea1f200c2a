/** Answers go before the work that follows from them. */
import { setTimeout } from 'node:timers/promises';

/** Milliseconds: enough for a client on this machine to be woken and to read. */
const ANSWER_MS = 3;

/**
 * Resolves when whoever waits for an answer that is being given has had the time to read it. An embedded database works on this thread, and
 * the model on all cores: work that began at once would keep the client waiting for one.
 */
export async function afterAnswers(): Promise<void> {
  await setTimeout(ANSWER_MS);
}
