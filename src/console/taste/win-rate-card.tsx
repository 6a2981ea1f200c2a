/** Whether the taste helps: how often the personal reply won against the plain one, in choices where nobody could know which was which. */
import { lazy, Suspense, useCallback } from 'react';
import type { Member } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Empty, Loading, Problem } from '../ui/states.js';

const WinRateChart = lazy(async () => ({ default: (await import('./win-rate-chart.js')).WinRateChart }));

/** Blind choices from which on a share says something. */
const ENOUGH = 5;

export function WinRateCard({ member }: { member: Member }) {
  const { client } = useSession();
  const { wins, losses, ties, rate, low, high } = member.winRate;
  const votes = wins + losses;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another vote is another point.
  const ask = useCallback(() => client.winRates(member.id), [client, member.id, votes, ties]);
  const { value: points, problem, reload } = useData(ask);
  return (
    <section className="card" aria-labelledby="win-rate-title">
      <h2 id="win-rate-title">Does it help?</h2>
      {rate == null || low == null || high == null || votes < ENOUGH ? (
        <Empty title={votes === 0 ? 'Not known yet' : `Not known yet: ${wins} of ${votes} so far`}>
          Now and then one of your two replies is the plain model's. Once you have chosen in some of those, you see here
          how often yours won.
        </Empty>
      ) : (
        <>
          <p className="figure-line">
            <b className="big">{percent(rate)}</b>
            <span>
              of blind choices between a reply with your taste and one without went to yours ({wins} of {votes}
              {ties > 0 && `, ${ties} equal`}). With 95 % certainty the true share is between {percent(low)} and{' '}
              {percent(high)}.
            </span>
          </p>
          {problem && !points && <Problem message={problem} onRetry={reload} />}
          {points && points.length > 1 && (
            <Suspense fallback={<Loading what="Drawing the chart" />}>
              <WinRateChart points={points} />
            </Suspense>
          )}
        </>
      )}
    </section>
  );
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
