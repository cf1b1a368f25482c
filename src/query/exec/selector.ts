import {
  BorrowedSamples,
  type FloatHistogram,
  isStaleAt,
  type SampleColumns,
} from '../../model/index.ts';
import type { HistogramSample, SeriesSet } from '../../storage/api.ts';
import { CollectingSink, type ColumnSink } from './column-sink.ts';
import {
  type Grid,
  type SeriesColumn,
  setFloat,
  setHistogram,
  type VectorValue,
  vectorOf,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { withoutBuckets } from './histogram-stats.ts';
import type { PlanNode, SelectorNode } from './plan.ts';
import { evaluateSmoothed } from './smoothed-selector.ts';

/** The evaluation times a selector looks at: its grid moved by `@` and offset. */
function lookupTime(
  node: Pick<SelectorNode, 'atMs' | 'offsetMs'>,
  grid: Grid,
  step: number,
): number {
  return (node.atMs ?? grid.startMs + step * grid.stepMs) - node.offsetMs;
}

/** The newest sample of each series within the lookback, at every step. */
export function evaluateSelector(
  node: SelectorNode,
  grid: Grid,
  context: EvalContext,
): VectorValue {
  if (node.extension === 'smoothed') return evaluateSmoothed(node, grid, context);
  const { series } = selectLatest(node, node, grid, context, 'value');
  return { kind: 'vector', series, isDistinct: true };
}

/** What is kept of the sample found; times in seconds, `time_of_float` of floats alone. */
type Kept = 'value' | 'time' | 'time_of_float' | 'start_time';

type Lookup = Pick<SelectorNode, 'atMs' | 'offsetMs' | 'statsOnly'>;

/**
 * As `evaluateSelector`, with what is kept of the sample found: its value, its own time or its
 * start time. `source` is the node whose series were read.
 */
export function selectLatest(
  source: PlanNode,
  node: Lookup,
  grid: Grid,
  context: EvalContext,
  kept: Kept,
): VectorValue {
  const sink = new CollectingSink(grid, context.guard);
  visitLatest(source, node, grid, context, kept, sink);
  return vectorOf(sink.series);
}

/** As `selectLatest`, one series after the other. */
export function visitLatest(
  source: PlanNode,
  node: Lookup,
  grid: Grid,
  context: EvalContext,
  kept: Kept,
  sink: ColumnSink,
): void {
  const set = context.seriesOf(source);
  const columns = new BorrowedSamples();
  const labelSource = { stored: set, labels: (index: number) => set.labels(index) };
  const onlyTime = grid.count === 1 ? lookupTime(node, grid, 0) : undefined;
  for (let index = 0; index < set.length; index++) {
    context.guard.tick(grid.count);
    columns.reset();
    if (onlyTime === undefined || set.latest === undefined) set.samples(index, columns);
    else set.latest(index, onlyTime, columns);
    const reader = new LatestReader(set, index, columns, node.statsOnly);
    const column = sink.open();
    let found = 0;
    for (let step = 0; step < grid.count; step++) {
      const time = lookupTime(node, grid, step);
      if (!reader.find(time, time - context.lookbackMs)) continue;
      found++;
      if (kept === 'time' || (kept === 'time_of_float' && reader.isFloat)) {
        setFloat(column, step, reader.timeMs / 1000);
      } else if (kept === 'start_time') {
        setFloat(column, step, reader.startTimeMs / 1000);
      } else {
        reader.store(column, step);
      }
    }
    context.guard.samplesRead += columns.length;
    if (found === 0) continue;
    context.guard.queryableSamples += found;
    context.guard.stepCounts?.addPresent(grid, column.present);
    sink.take(column, labelSource, index);
  }
  context.guard.seriesRead += set.length;
}

/** Walks one series forward: lookup times must not fall. */
class LatestReader {
  timeMs = 0;
  startTimeMs = 0;
  #float = 0;
  #histogram = 0;
  #found: FloatHistogram | undefined;
  #value = 0;
  readonly #columns: SampleColumns;
  readonly #histograms: readonly HistogramSample[];
  readonly #startTimes: Float64Array | undefined;

  /** `columns`: the floats of the series. */
  constructor(set: SeriesSet, index: number, columns: SampleColumns, statsOnly: boolean) {
    this.#columns = columns;
    const histograms = set.histograms(index);
    this.#histograms = statsOnly ? withoutBuckets(histograms) : histograms;
    this.#startTimes = set.startTimes?.(index);
  }

  /** Finds the newest sample at `time` or before, after `oldest`; a stale marker is none. */
  find(time: number, oldest: number): boolean {
    const { timestamps, words, values, length } = this.#columns;
    let next = this.#float;
    while (next < length && timestamps[next]! <= time) next++;
    this.#float = next;
    const floatTime = next === 0 ? -Infinity : timestamps[next - 1]!;
    if (this.#histograms.length > 0 && this.#findHistogram(time, floatTime)) {
      return this.timeMs > oldest && this.#found !== undefined;
    }
    if (floatTime <= oldest || isStaleAt(words, next - 1)) return false;
    this.#found = undefined;
    this.timeMs = floatTime;
    this.startTimeMs = this.#startTimes?.[next - 1] ?? 0;
    this.#value = values[next - 1]!;
    return true;
  }

  get isFloat(): boolean {
    return this.#found === undefined;
  }

  store(column: SeriesColumn, step: number): void {
    if (this.#found === undefined) setFloat(column, step, this.#value);
    else setHistogram(column, step, this.#found);
  }

  /** Whether a histogram (or its stale marker) is newer than the newest float. */
  #findHistogram(time: number, floatTime: number): boolean {
    const all = this.#histograms;
    let next = this.#histogram;
    while (next < all.length && all[next]!.timestamp <= time) next++;
    this.#histogram = next;
    const sample = all[next - 1];
    if (sample === undefined || sample.timestamp < floatTime) return false;
    this.#found = sample.histogram;
    this.timeMs = sample.timestamp;
    this.startTimeMs = sample.startTime ?? 0;
    return true;
  }
}
