/** The chart of the model workers' speed. */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import { Chart, colour } from '../ui/chart.js';

export interface Sample {
  /** Seconds since 1970. */
  at: number;
  tokensPerSecond: number;
  busy: number;
}

/** Seconds that are shown. */
const SHOWN_SECONDS = 120;

const SCALES: uPlot.Scales = {
  x: { time: false, range: [-SHOWN_SECONDS, 0] },
  y: { range: (_, __, maximum) => [0, Math.max(10, maximum * 1.1)] },
  busy: { range: (_, __, maximum) => [0, Math.max(4, maximum * 1.1)] },
};
const AXES: uPlot.Axis[] = [
  { values: (_, ticks) => ticks.map((tick) => (tick === 0 ? 'now' : `${-tick} s ago`)), size: 30 },
  { size: 42 },
  { scale: 'busy', side: 1, size: 34, grid: { show: false } },
];

export function SpeedChart({ samples }: { samples: readonly Sample[] }) {
  const data = useMemo<uPlot.AlignedData>(
    () => [
      samples.map(({ at }) => at - (samples.at(-1)?.at ?? 0)),
      samples.map(({ tokensPerSecond }) => tokensPerSecond),
      samples.map(({ busy }) => busy),
    ],
    [samples],
  );
  const series = useMemo<uPlot.Series[]>(
    () => [
      { stroke: colour('--accent'), width: 2, points: { show: false } },
      { stroke: colour('--line-strong'), width: 1.5, scale: 'busy', points: { show: false } },
    ],
    [],
  );
  const now = samples.at(-1);
  const label = `Tokens a second and replies being written over the last two minutes; now ${now?.tokensPerSecond.toFixed(0) ?? 0} tokens a second and ${now?.busy ?? 0} replies`;
  return <Chart label={label} data={data} series={series} scales={SCALES} axes={AXES} />;
}
