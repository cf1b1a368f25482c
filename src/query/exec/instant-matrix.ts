import { extendedBounds, edgeValues, innerSamples } from '../functions/range/extended.ts';
import type { RangeSeries } from '../functions/range/range-function.ts';
import type { MatrixSeries } from '../result.ts';
import type { Grid } from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import { rangeValue, sortSeries } from './finish.ts';
import { columnBytes } from './memory.ts';
import type { MatrixNode, SubqueryNode } from './plan.ts';
import { storageSource } from './range-source.ts';
import { subqueryGrid } from './subquery-grid.ts';
import { fillWindows, makeWindows } from './windows.ts';

/** A time and a value. */
const SAMPLE_BYTES = 2 * Float64Array.BYTES_PER_ELEMENT;

/** The samples that a range selector or subquery has at one time: an instant query's matrix. */
export function evaluateInstantMatrix(
  node: MatrixNode | SubqueryNode,
  grid: Grid,
  context: EvalContext,
): MatrixSeries[] {
  if (node.kind === 'subquery') {
    const inner = subqueryGrid(node, grid);
    if (inner.count === 0) return [];
    const value = rangeValue(context.evaluateVector(node.expr, inner), inner, context.guard.memory);
    return value.kind === 'matrix' ? [...value.series] : [];
  }
  const source = storageSource(node, context, false);
  const windows = makeWindows(node, grid);
  const { extension } = node.selector;
  const found: MatrixSeries[] = [];
  for (let index = 0; index < source.count; index++) {
    const series = source.read(index);
    const inWindow = fillWindows(windows, series, extension, context.lookbackMs);
    if (inWindow === 0) continue;
    context.guard.queryableSamples += inWindow;
    context.guard.stepCounts?.addWindows(grid, windows);
    context.guard.hold(inWindow);
    context.guard.memory.hold('answer', columnBytes(0) + SAMPLE_BYTES * inWindow);
    const from = windows.floatFrom[0]!;
    const to = windows.floatTo[0]!;
    if (extension !== undefined) {
      if (windows.histogramTo[0]! > windows.histogramFrom[0]!) {
        throw new ExecutionError(`${extension} modifier is not supported with histograms`);
      }
      const edges = { begin: windows.begins[0]!, end: windows.ends[0]! };
      const points = extendedPoints(series, { from, to }, edges, extension === 'smoothed');
      if (points !== undefined) {
        found.push({ labels: source.labels(index), ...points, histograms: [] });
      }
      continue;
    }
    found.push({
      labels: source.labels(index),
      timestamps: series.times.slice(from, to),
      values: series.values.slice(from, to),
      histograms: series.histograms.slice(windows.histogramFrom[0], windows.histogramTo[0]),
    });
  }
  return sortSeries(found);
}

/** The samples inside an extended range, with one at each edge. */
function extendedPoints(
  series: RangeSeries,
  range: { from: number; to: number },
  edges: { begin: number; end: number },
  isSmoothed: boolean,
): { timestamps: Float64Array; values: Float64Array } | undefined {
  const bounds = extendedBounds(series.times, range, edges, isSmoothed);
  if (bounds === undefined) return undefined;
  const { left, right } = edgeValues(series, bounds, edges, { isSmoothed, isCounter: false });
  const inner = innerSamples(series.times, bounds, edges);
  const times = series.times.subarray(inner.first, inner.last + 1);
  const values = series.values.subarray(inner.first, inner.last + 1);
  return {
    timestamps: Float64Array.of(edges.begin, ...times, edges.end),
    values: Float64Array.of(left, ...values, right),
  };
}
