/** A small line chart, drawn by uPlot: colours of the page, sized by its place. What it shows is told in words beside it. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface ChartProps {
  /** What it shows, for those who do not see it. */
  label: string;
  data: uPlot.AlignedData;
  series: uPlot.Series[];
  bands?: uPlot.Band[];
  scales?: uPlot.Scales;
  axes?: uPlot.Axis[];
  height?: number;
}

export function Chart({ label, data, series, bands, scales, axes, height = 190 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const drawn = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height,
        series: [{}, ...series],
        bands,
        scales,
        axes: (axes ?? [{}, {}]).map((axis) => ({ ...axisLook(element), ...axis })),
        legend: { show: false },
        cursor: { show: false },
      },
      latest.current,
      element,
    );
    plot.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: Math.max(200, element.clientWidth), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [series, bands, scales, axes, height]);

  useEffect(() => plot.current?.setData(data), [data]);
  return <div ref={place} className="chart" role="img" aria-label={label} />;
}

/** A colour of the page, as it is now. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function axisLook(element: HTMLElement): uPlot.Axis {
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const line = { stroke: colour('--line'), width: 1 };
  return { stroke: colour('--dim'), font, grid: line, ticks: { show: false } };
}
