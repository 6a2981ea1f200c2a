/** The win rate and its interval, vote by vote. */
import { useMemo } from 'react';
import type uPlot from 'uplot';
import type { WinRatePoint } from '../../client/index.js';
import { Chart, colour } from '../ui/chart.js';

const SCALES: uPlot.Scales = { x: { time: false }, y: { range: [0, 1] } };
const AXES: uPlot.Axis[] = [
  { label: 'blind choices', labelSize: 20, size: 28 },
  { size: 46, values: (_, ticks) => ticks.map((tick) => `${Math.round(tick * 100)} %`) },
];

export function WinRateChart({ points }: { points: readonly WinRatePoint[] }) {
  const data = useMemo<uPlot.AlignedData>(
    () => [
      points.map(({ wins, losses, ties }) => wins + losses + ties),
      points.map(({ rate }) => rate),
      points.map(({ high }) => high),
      points.map(({ low }) => low),
      points.map(() => 0.5),
    ],
    [points],
  );
  const series = useMemo<uPlot.Series[]>(
    () => [
      { stroke: colour('--accent'), width: 2, points: { show: false } },
      { width: 0, points: { show: false } },
      { width: 0, points: { show: false } },
      { stroke: colour('--line-strong'), width: 1, dash: [4, 4], points: { show: false } },
    ],
    [],
  );
  const bands = useMemo<uPlot.Band[]>(() => [{ series: [2, 3], fill: colour('--accent-soft') }], []);
  const last = points[points.length - 1];
  const label = `Win rate after each blind choice; after the last of ${data[0].length} it is ${Math.round((last.rate ?? 0) * 100)} percent`;
  return <Chart label={label} data={data} series={series} bands={bands} scales={SCALES} axes={AXES} />;
}
