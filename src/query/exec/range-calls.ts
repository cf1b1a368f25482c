import { RANGE_FUNCTIONS, functionsAllowing } from '../functions/range/table.ts';
import { checkFactors } from '../functions/range/trend.ts';
import type { RangeCall, RangeFunction, RangeSeries } from '../functions/range/range-function.ts';
import { hintNonCounter } from './counter-hints.ts';
import { CollectingSink, type ColumnSink } from './column-sink.ts';
import { ABSENT, FLOAT, type Grid, type SeriesColumn, type VectorValue } from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import type { CallNode, PlanNode } from './plan.ts';
import { type RangeSource, storageSource, subquerySource } from './range-source.ts';
import { fillWindows, makeWindows, type MutableWindows } from './windows.ts';

/** Start timestamps are of use to these only. */
const START_TIME_FUNCTIONS = new Set(['rate', 'irate', 'increase', 'resets']);

/** Begin, end, the samples between, and what rates keep of both edges. */
const WINDOW_BYTES = 64;

/** A function of a range vector, for every series over all steps in one pass. */
export function evaluateRangeCall(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const sink = new CollectingSink(grid, context.guard);
  const { isDistinct } = visitRangeCall(node, grid, context, sink);
  return { kind: 'vector', series: sink.series, isDistinct };
}

/** As `evaluateRangeCall`, one series after the other. */
export function visitRangeCall(
  node: CallNode,
  grid: Grid,
  context: EvalContext,
  sink: ColumnSink,
): Pick<RangeSource, 'isDistinct'> {
  const definition = RANGE_FUNCTIONS.get(node.name);
  if (definition === undefined) throw new ExecutionError(`unknown function ${node.name}`);
  const { rangeNode, parameters } = splitArguments(node, grid, context);
  if (node.name === 'double_exponential_smoothing') checkFactors(parameters);
  context.guard.memory.hold('windows', WINDOW_BYTES * grid.count);
  const windows = makeWindows(rangeNode, grid);
  const usesStarts = context.startTimestamps && START_TIME_FUNCTIONS.has(node.name);
  const source =
    rangeNode.kind === 'matrix'
      ? storageSource(rangeNode, context, usesStarts)
      : subquerySource(rangeNode, grid, context);
  const extension = rangeNode.kind === 'matrix' ? rangeNode.selector.extension : undefined;
  const call: RangeCall = {
    windows,
    times: Float64Array.from(
      { length: grid.count },
      (_, step) => grid.startMs + step * grid.stepMs,
    ),
    parameters,
    annotations: context.annotations,
    span: node.args[0]!.span,
    extension,
    usesStartTimes: usesStarts,
    guard: context.guard,
  };
  new RangeRun(
    { node, source, call, windows, grid, kernels: kernelsOf(node, definition, extension) },
    context,
  ).run(definition.keepsName === true, sink);
  return source;
}

function kernelsOf(
  node: CallNode,
  definition: RangeFunction,
  extension: 'anchored' | 'smoothed' | undefined,
): Pick<RangeFunction, 'floats' | 'histograms'> {
  if (extension === undefined) return definition;
  const kernels = definition[extension];
  if (kernels !== undefined) return kernels;
  const allowed = functionsAllowing(extension).join(', ');
  throw new ExecutionError(
    `${extension} modifier can only be used with: ${allowed} - not with ${node.name}`,
  );
}

function splitArguments(
  node: CallNode,
  grid: Grid,
  context: EvalContext,
): { rangeNode: Extract<PlanNode, { kind: 'matrix' | 'subquery' }>; parameters: Float64Array[] } {
  let rangeNode: Extract<PlanNode, { kind: 'matrix' | 'subquery' }> | undefined;
  const parameters: Float64Array[] = [];
  for (const arg of node.args) {
    if (arg.kind === 'matrix' || arg.kind === 'subquery') rangeNode = arg;
    else parameters.push(context.evaluateScalar(arg, grid).values);
  }
  if (rangeNode === undefined) throw new ExecutionError(`${node.name} needs a range vector`);
  return { rangeNode, parameters };
}

interface RunOptions {
  readonly node: CallNode;
  readonly source: RangeSource;
  readonly call: RangeCall;
  readonly windows: MutableWindows;
  readonly grid: Grid;
  readonly kernels: Pick<RangeFunction, 'floats' | 'histograms'>;
}

class RangeRun {
  readonly #options: RunOptions;
  readonly #context: EvalContext;

  constructor(options: RunOptions, context: EvalContext) {
    this.#options = options;
    this.#context = context;
  }

  run(keepsName: boolean, sink: ColumnSink): void {
    const { source, call, windows, kernels, grid } = this.#options;
    const { guard, lookbackMs } = this.#context;
    for (let index = 0; index < source.count; index++) {
      guard.tick(windows.count);
      const series = source.read(index);
      const inWindows = fillWindows(windows, series, call.extension, lookbackMs);
      if (inWindows === 0) continue;
      guard.queryableSamples += inWindows;
      guard.stepCounts?.addWindows(grid, windows);
      const column = sink.open();
      column.dropName = !keepsName || source.dropName(index);
      kernels.floats(series, call, column);
      if (series.histograms.length > 0) {
        column.isFull = false;
        this.#correctHistogramSteps(series, column);
      }
      if (this.#isWorthKeeping(column, index)) sink.take(column, source, index);
    }
  }

  #correctHistogramSteps(series: RangeSeries, column: SeriesColumn): void {
    const { call, windows, kernels } = this.#options;
    for (let step = 0; step < windows.count; step++) {
      if (windows.histogramTo[step]! > windows.histogramFrom[step]!) {
        kernels.histograms(series, call, step, column);
      }
    }
  }

  #isWorthKeeping(column: SeriesColumn, index: number): boolean {
    const { node, source } = this.#options;
    let found: number = ABSENT;
    for (let step = 0; step < column.present.length && found !== FLOAT; step++) {
      found = column.present[step]! || found;
    }
    if (found === FLOAT && (node.name === 'rate' || node.name === 'increase')) {
      hintNonCounter(node, source, index, this.#context);
    }
    return found !== ABSENT;
  }
}
