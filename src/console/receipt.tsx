/** What was removed when somebody asked to be forgotten, and the proof that nothing is left. */
import { useEffect, useRef } from 'react';
import type { DeletionReceipt } from '../client/index.js';
import { counted, moment } from './ui/time.js';

export function Receipt({ receipt, onDone }: { receipt: DeletionReceipt; onDone: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const left = receipt.remaining.reduce((sum, { count }) => sum + count, 0);
  const removed = receipt.removed.filter(({ count }) => count > 0);
  return (
    <main className="alone">
      <section className="card receipt" data-testid="receipt">
        <h1 ref={heading} tabIndex={-1}>
          You are forgotten
        </h1>
        <p className="lead">Everything that was stored about you is removed. This is your receipt.</p>
        <table>
          <caption className="hidden">What was removed</caption>
          <tbody>
            {removed.map(({ kind, count }) => (
              <tr key={kind}>
                <th scope="row">{KINDS[kind]}</th>
                <td>{count}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">Left of you now</th>
              <td>{left}</td>
            </tr>
          </tbody>
        </table>
        <p className="dim">
          {receipt.cleanedAt
            ? `The database's files were cleaned ${moment(receipt.cleanedAt)}.`
            : `The database's own files are rid of it by ${moment(receipt.cleanUpBy)}.`}
          {receipt.retrained > 0 &&
            ` ${counted(receipt.retrained, 'other taste is', 'other tastes are')} learned anew without you.`}
        </p>
        <p className="dim">
          Receipt <code>{receipt.id}</code>
        </p>
        <div className="row">
          <button type="button" className="primary" onClick={onDone}>
            Done
          </button>
          <button type="button" onClick={() => window.print()}>
            Print
          </button>
        </div>
      </section>
    </main>
  );
}

const KINDS: Record<DeletionReceipt['removed'][number]['kind'], string> = {
  VERDICT_OF_OTHERS: 'Choices of others between your replies',
  ENCODER_VERSION_OF_OTHERS: "Others' versions made of those",
  VERDICT: 'Your choices',
  ENCODER_VERSION: 'Versions of your taste',
  IMPORTED_TASTE: 'Tastes you brought along',
  TRAINING_JOB: 'Trainings',
  IDEMPOTENCY_KEY: 'Answers kept against asking twice',
  STORAGE_ENTRY: "Bots' notes about you",
  KEY: 'Your keys',
  CANDIDATE: 'Replies written for you',
  GENERATION: 'Your questions',
  MEMBER: 'Who you are, and what you agreed to',
};
