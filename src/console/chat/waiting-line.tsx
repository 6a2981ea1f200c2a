/** That replies are still waited for, why, and about how long. */
import { waiting as inTime } from '../ui/time.js';
import type { Waiting } from './conversation.js';

export function WaitingLine({ waiting }: { waiting: Waiting | null }) {
  return (
    <p role="status" className={waiting ? 'waiting dim' : 'hidden'} data-testid="waiting">
      {waiting && waitingWords(waiting)}
    </p>
  );
}

export function waitingWords(waiting: Waiting): string {
  if (waiting === 'AWAY') return 'The connection is lost. It goes on as soon as Palate answers again.';
  const { ahead, estimatedWaitMs } = waiting;
  const place =
    ahead === 0
      ? 'You are next.'
      : ahead === 1
        ? 'One question is before yours.'
        : `${ahead} questions are before yours.`;
  return `${place} It is answered ${inTime(estimatedWaitMs)}.`;
}
