/** What the two processes of the gateway's bench tell each other. */
import type { GenerateInput } from '../src/client/index.js';

/** How to reach the gateway, what to ask for until the way there is warm, or what to have written and judged. */
export type Order = { url: string; key: string } | { warmUp: GenerateInput; rounds: number } | { input: GenerateInput };

/** Milliseconds, and the training to wait for. */
export interface Call {
  generated: number;
  acknowledged: number;
  jobId: string | null;
}

/** Milliseconds in which a member would read the replies; the service reads them too. */
export const READING_MS = 250;
