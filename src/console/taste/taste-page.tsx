/** Taste: what was learned about you, where it lies, what it was learned from, and your rights over it. */
import { useCallback } from 'react';
import { useObservable } from '../observable.js';
import { useSession } from '../session/context.js';
import { useData } from '../session/use-data.js';
import { Empty, Loading, Problem } from '../ui/states.js';
import { Choices } from './choices.js';
import { Rights } from './rights.js';
import { Steering } from './steering.js';
import { TasteMapView } from './taste-map-view.js';
import { summaryOf } from './taste-words.js';
import { Versions } from './versions.js';
import { WinRateCard } from './win-rate-card.js';
import '../styles/taste.css';

export function TastePage() {
  const session = useSession();
  const member = useObservable(session.member);
  if (!member) {
    return (
      <>
        <h1>Your taste</h1>
        <Empty title="Nothing is known about you yet">
          <p>It begins with your first choice between two replies.</p>
          <p className="row row-middle">
            <a className="button primary" href="#/tune">
              Teach it in two minutes
            </a>
            <a className="button" href="#/chat">
              Chat
            </a>
          </p>
        </Empty>
      </>
    );
  }
  const { encoder } = member;
  return (
    <>
      <h1>Your taste</h1>
      <p className="lead" data-testid="summary">
        {summaryOf(encoder)}
      </p>
      <div className="cards taste-cards">
        <PlaceAndSteering memberId={member.id} version={encoder.version} />
        <WinRateCard member={member} />
        <Choices memberId={member.id} version={encoder.version} />
        <Versions member={member} />
        <Rights member={member} />
      </div>
    </>
  );
}

function PlaceAndSteering({ memberId, version }: { memberId: string; version: number }) {
  const { client } = useSession();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new version moves the map.
  const ask = useCallback(() => client.tasteMap(memberId), [client, memberId, version]);
  const { value: map, problem, reload } = useData(ask);
  if (problem && !map) return <Problem message={problem} onRetry={reload} />;
  if (!map) return <Loading what="Drawing the map" />;
  return (
    <div className="taste-top">
      <section className="card" aria-labelledby="map-title">
        <h2 id="map-title">Where it lies</h2>
        <TasteMapView map={map} />
      </section>
      <section className="card" aria-labelledby="steering-title">
        <h2 id="steering-title">Try it</h2>
        <Steering directions={map.directions} version={version} />
      </section>
    </div>
  );
}
