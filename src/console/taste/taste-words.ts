/** How much was learned, in words. */
import type { Member } from '../../client/index.js';
import { counted } from '../ui/time.js';

type Learned = Pick<Member['encoder'], 'version' | 'capacity' | 'verdictCount'>;

/** Also where there are versions: everything may have been taken back. */
export function isEmpty(encoder: Pick<Learned, 'capacity'> | undefined): boolean {
  return (encoder?.capacity ?? 'PRIOR') === 'PRIOR';
}

export function summaryOf(encoder: Learned): string {
  const { version, verdictCount } = encoder;
  if (isEmpty(encoder)) {
    return `Nothing is learned ${version === 0 ? 'yet' : 'any more'}. Every choice between two replies teaches.`;
  }
  if (verdictCount === 0) return `Version ${version}, the taste that you brought along.`;
  return `Version ${version}, learned from ${counted(verdictCount, 'choice')}.`;
}
