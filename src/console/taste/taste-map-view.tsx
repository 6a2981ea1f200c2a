/** The map: one's own taste among one's own judged replies and the tastes of others who agreed. It moves when a version lands. */
import { useEffect, useRef } from 'react';
import type { TasteMap } from '../../client/index.js';
import { counted } from '../ui/time.js';

const SIZE = 400;
const MIDDLE = SIZE / 2;
/** Coordinates from the middle to the edge, at least; grows in whole steps, so that the map seldom changes its scale. */
const REACH = 3;

export function TasteMapView({ map }: { map: TasteMap }) {
  const { taste, replies, others } = map;
  const scale = MIDDLE / reachOf(map);
  const place = (point: { x: number; y: number }) => ({ x: MIDDLE + point.x * scale, y: MIDDLE - point.y * scale });
  const former = useFormer(taste);
  const line = former && taste ? [former, taste].map(place) : [];
  const mine = taste && place(taste);
  const chosen = replies.filter((reply) => reply.chosen);
  const passed = replies.filter((reply) => !reply.chosen);
  return (
    <figure className="map">
      <svg
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label={describe(map, chosen.length, passed.length)}
        data-testid="map"
        data-x={taste?.x}
        data-y={taste?.y}
      >
        <title>Map of tastes</title>
        <circle className="map-ring" cx={MIDDLE} cy={MIDDLE} r={scale} />
        <circle className="map-ring" cx={MIDDLE} cy={MIDDLE} r={2 * scale} />
        <path className="map-axis" d={`M${MIDDLE} 0V${SIZE}M0 ${MIDDLE}H${SIZE}`} />
        {others.map(place).map(({ x, y }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are nobody's, and have no names.
          <circle key={i} className="map-other" cx={x} cy={y} r={6} />
        ))}
        {passed.map((reply) => {
          const { x, y } = place(reply);
          return <path key={reply.candidateId} className="map-passed" d={`M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`} />;
        })}
        {chosen.map((reply) => {
          const { x, y } = place(reply);
          return <circle key={reply.candidateId} className="map-chosen" cx={x} cy={y} r={4.5} />;
        })}
        {line.length > 1 && <polyline className="map-trail" points={line.map(({ x, y }) => `${x},${y}`).join(' ')} />}
        {mine && (
          <g className="map-mine" style={{ transform: `translate(${mine.x}px, ${mine.y}px)` }}>
            <circle r={10} />
            <text x={mine.x > SIZE - 60 ? -16 : 16} y={5} textAnchor={mine.x > SIZE - 60 ? 'end' : 'start'}>
              you
            </text>
          </g>
        )}
      </svg>
      <figcaption className="legend dim">
        {mine && (
          <span>
            <i className="sign sign-mine" /> your taste
          </span>
        )}
        {chosen.length > 0 && (
          <span>
            <i className="sign sign-chosen" /> replies you chose
          </span>
        )}
        {passed.length > 0 && (
          <span>
            <i className="sign sign-passed">×</i> replies you passed over
          </span>
        )}
        {others.length > 0 && (
          <span>
            <i className="sign sign-other" /> others who agreed to be here
          </span>
        )}
        {!mine && <span>Your taste appears here after your first choice.</span>}
      </figcaption>
    </figure>
  );
}

function reachOf({ taste, replies, others }: TasteMap): number {
  const points = [...(taste ? [taste] : []), ...replies, ...others];
  const furthest = Math.max(0, ...points.map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y))));
  return Math.max(REACH, Math.ceil(furthest + 0.3));
}

/** Where the taste was before it moved, in this visit. */
function useFormer(taste: TasteMap['taste']): TasteMap['taste'] {
  const places = useRef<{ now: TasteMap['taste']; former: TasteMap['taste'] }>({ now: null, former: null });
  useEffect(() => {
    const { now } = places.current;
    if (now?.x !== taste?.x || now?.y !== taste?.y) places.current = { now: taste, former: now };
  }, [taste]);
  const { now, former } = places.current;
  return now?.x === taste?.x && now?.y === taste?.y ? former : now;
}

function describe({ taste, others }: TasteMap, chosen: number, passed: number): string {
  const where = taste
    ? `Your taste lies at ${taste.x.toFixed(1)} across and ${taste.y.toFixed(1)} up from the middle, where every taste begins.`
    : 'Your taste has no place yet.';
  return `${where} On the map are ${counted(chosen, 'reply', 'replies')} you chose, ${passed} you passed over, and ${counted(others.length, 'taste')} of others.`;
}
