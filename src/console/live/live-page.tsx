/** Live: what the service is doing now, for admins. */
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { Loading } from '../ui/states.js';
import { Errors } from './errors.js';
import { Jobs } from './jobs.js';
import { PluginHealth } from './plugin-health.js';
import { PoolChart } from './pool-chart.js';
import '../styles/admin.css';

export function LivePage() {
  const pool = useObservable(useSession().pool);
  if (!pool) return <Loading what="Asking the service" />;
  return (
    <>
      <h1>Live</h1>
      <p className="lead">
        {pool.model} on {pool.device}, {pool.ready ? 'ready' : 'not ready'}
        {pool.personalised ? '' : ', the same replies for everybody'}.
      </p>
      <dl className="tiles">
        <Tile name="Tokens a second, when it last wrote" value={pool.tokensPerSecond.toFixed(0)} />
        <Tile name="Replies being written" value={`${pool.busySlots} of ${pool.slots}`} />
        <Tile name="Replies waiting" value={pool.queued} />
        <Tile name="Trainings running" value={pool.trainingRunning} />
        <Tile name="Trainings waiting" value={pool.trainingQueued} />
      </dl>
      <div className="cards">
        <PoolChart />
        <Jobs />
        <PluginHealth />
        <Errors />
      </div>
    </>
  );
}

function Tile({ name, value }: { name: string; value: string | number }) {
  return (
    <div className="tile">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
