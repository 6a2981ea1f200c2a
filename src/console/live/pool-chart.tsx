/** Tokens a second and replies at work over the last two minutes, as the subscription tells them. */
import { lazy, Suspense, useEffect, useState } from 'react';
import type { PoolStatus } from '../../client/index.js';
import { useSession } from '../session/context.js';
import { Loading } from '../ui/states.js';
import type { Sample } from './speed-chart.js';

const SpeedChart = lazy(async () => ({ default: (await import('./speed-chart.js')).SpeedChart }));

/** What is kept: a little more than is shown. */
const SECONDS = 130;

export function PoolChart() {
  const samples = useSamples();
  return (
    <section className="card" aria-labelledby="pool-title">
      <h2 id="pool-title">The last two minutes</h2>
      <Suspense fallback={<Loading what="Drawing the chart" />}>
        <SpeedChart samples={samples} />
      </Suspense>
      <p className="legend dim">
        <span>
          <i className="sign sign-mine" /> tokens a second (one is about three quarters of a word)
        </span>
        <span>
          <i className="sign sign-grey" /> replies being written
        </span>
      </p>
    </section>
  );
}

/** The newest status once a second: between two changes the service has nothing to tell, and the line goes on. */
function useSamples(): Sample[] {
  const { pool } = useSession();
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    const take = (status: PoolStatus | null) => {
      if (!status) return;
      const at = Date.now() / 1_000;
      // What was measured over the last second of work is not a speed of now when nothing is written.
      const tokensPerSecond = status.busySlots === 0 ? 0 : status.tokensPerSecond;
      setSamples((before) => [
        ...before.filter((sample) => sample.at > at - SECONDS),
        { at, tokensPerSecond, busy: status.busySlots },
      ]);
    };
    take(pool.get());
    const stop = pool.subscribe(() => take(pool.get()));
    const timer = window.setInterval(() => take(pool.get()), 1_000);
    return () => {
      stop();
      window.clearInterval(timer);
    };
  }, [pool]);
  return samples;
}
