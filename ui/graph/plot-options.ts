import type uPlot from 'uplot';
import type { Unit } from '../format/unit.ts';
import { formatValue } from '../format/value.ts';
import { isolatedPoints } from './align.ts';
import type { CanvasColors } from './colors.ts';
import { BYTE_INCREMENTS, SECOND_INCREMENTS, timeLabels } from './ticks.ts';

/** Distance in pixels from which the cursor takes hold of a series. */
const FOCUS_DISTANCE = 48;
/** Half of the label of a time that is drawn at the right edge, `09:15:00`. */
const LAST_LABEL_WIDTH = 28;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export interface PlotDescription {
  width: number;
  height: number;
  /** Unix seconds shown from edge to edge. */
  xRange: [number, number];
  unit: Unit;
  stacked: boolean;
  isShown: (index: number) => boolean;
  seriesCount: number;
  colors: CanvasColors;
  hooks: uPlot.Hooks.Arrays;
}

/** uPlot's options for a graph over local time with one value axis. */
export function plotOptions(plot: PlotDescription): uPlot.Options {
  return {
    width: plot.width,
    height: plot.height,
    padding: [12, LAST_LABEL_WIDTH, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: true, range: () => plot.xRange },
      y: { range: (_, min, max) => valueRange(min, max, plot.stacked) },
    },
    axes: [timeAxis(plot.colors), valueAxis(plot.colors, plot.unit)],
    series: [{}, ...Array.from({ length: plot.seriesCount }, (_, i) => seriesOptions(plot, i))],
    bands: plot.stacked ? stackBands(plot) : [],
    cursor: {
      y: false,
      focus: { prox: FOCUS_DISTANCE },
      points: { one: true, size: 8, width: 2 },
      drag: { x: true, y: false, setScale: false, dist: 4 },
      // Double click widens the range instead, through the page's own address.
      bind: { dblclick: () => null },
    },
    focus: { alpha: 0.25 },
    hooks: plot.hooks,
  };
}

/** A little air around the values; zero is shown when it is near, and always under a stack. */
function valueRange(
  min: number | null,
  max: number | null,
  stacked: boolean,
): [number, number] | [null, null] {
  if (min === null || max === null) return [0, 1];
  let low = stacked ? Math.min(min, 0) : min;
  let high = stacked ? Math.max(max, 0) : max;
  if (low === high) {
    const around = low === 0 ? 1 : Math.abs(low) * 0.5;
    if (low === 0 || low === 1) return [0, 1.2];
    return [low - around, high + around];
  }
  const air = (high - low) * 0.08;
  // A scale that nearly reaches zero should show it: heights then mean something.
  const nearZero = low > 0 && low < (high - low) * 0.6;
  low = nearZero || low === 0 ? 0 : low - air;
  high = high === 0 ? 0 : high + air;
  return [low, high];
}

function seriesOptions(plot: PlotDescription, index: number): uPlot.Series {
  const color = plot.colors.series(index);
  return {
    show: plot.isShown(index),
    stroke: color,
    width: 1.5,
    spanGaps: false,
    ...(plot.stacked ? { fill: `${color}40` } : {}),
    points: {
      show: false,
      size: 5,
      fill: color,
      // A line through one point is nothing: such points are drawn as dots.
      filter: (u, seriesIndex) => isolatedPoints(u.data[seriesIndex] ?? []),
    },
  };
}

/** Fills each shown series down to the shown one before it. */
function stackBands(plot: PlotDescription): uPlot.Band[] {
  const shown = Array.from({ length: plot.seriesCount }, (_, i) => i).filter(plot.isShown);
  return shown.slice(1).map((index, i) => ({ series: [index + 1, (shown[i] ?? 0) + 1] }));
}

function timeAxis(colors: CanvasColors): uPlot.Axis {
  return {
    ...axisLook(colors),
    space: 80,
    size: 44,
    values: (_, splits, __, ___, increment) => timeLabels(splits, increment),
  };
}

function valueAxis(colors: CanvasColors, unit: Unit): uPlot.Axis {
  const increments = incrementsOf(unit);
  return {
    ...axisLook(colors),
    space: 36,
    size: (u, values) => labelWidth(u, values),
    values: (_, splits) => splits.map((value) => formatValue(value, unit, 6)),
    ...(increments === null ? {} : { incrs: increments }),
  };
}

function axisLook(colors: CanvasColors): uPlot.Axis {
  return {
    stroke: colors.axis,
    font: FONT,
    grid: { stroke: colors.grid, width: 1 },
    ticks: { stroke: colors.grid, width: 1, size: 5 },
  };
}

function incrementsOf(unit: Unit): number[] | null {
  if (unit === 'bytes' || unit === 'bytes/s') return BYTE_INCREMENTS;
  if (unit === 'seconds') return SECOND_INCREMENTS;
  return null;
}

/** Room for the widest label; a little is kept so that the graph does not jump on refresh. */
function labelWidth(u: uPlot, values: string[] | null): number {
  if (values === null) return 56;
  u.ctx.save();
  u.ctx.font = FONT;
  const widest = Math.max(0, ...values.map((text) => u.ctx.measureText(text).width));
  u.ctx.restore();
  return Math.max(48, Math.ceil(widest / 8) * 8 + 16);
}
