import { assert } from '../../model/index.ts';
import type { SeriesSet } from '../../storage/api.ts';
import { evaluateAggregate } from './aggregate.ts';
import { evaluateBinary } from './binary.ts';
import { evaluateCall } from './calls.ts';
import {
  broadcast,
  type ColumnValue,
  type Grid,
  type ScalarValue,
  type VectorValue,
} from './columns.ts';
import type { EvalContext } from './context.ts';
import { ExecutionError } from './errors.ts';
import { columnBytes, histogramBytes } from './memory.ts';
import type { PlanNode } from './plan.ts';
import type { Profiler } from './profile.ts';
import { evaluateSelector } from './selector.ts';
import type { Selections } from './selections.ts';
import { evaluateUnary } from './unary.ts';

type ContextOptions = Omit<
  EvalContext,
  'streams' | 'seriesOf' | 'evaluate' | 'evaluateVector' | 'evaluateScalar'
>;

/** Evaluates the nodes of one plan, each over all steps of a grid at once. */
export class Evaluator implements EvalContext {
  readonly guard;
  readonly annotations;
  readonly lookbackMs;
  readonly typeAndUnitLabels;
  readonly startTimestamps;
  readonly streams;
  readonly #selections: Selections;
  readonly #profiler: Profiler | undefined;

  constructor(options: ContextOptions, selections: Selections, profiler?: Profiler) {
    this.#profiler = profiler;
    // Every operator is measured by itself.
    this.streams = profiler === undefined;
    this.guard = options.guard;
    this.annotations = options.annotations;
    this.lookbackMs = options.lookbackMs;
    this.typeAndUnitLabels = options.typeAndUnitLabels;
    this.startTimestamps = options.startTimestamps;
    this.#selections = selections;
  }

  seriesOf(node: PlanNode): SeriesSet {
    const set = this.#selections.get(node);
    assert(set !== undefined, 'every selector of the plan was read');
    return set;
  }

  evaluate(node: PlanNode, grid: Grid): ColumnValue {
    if (this.#profiler === undefined) return this.#evaluate(node, grid);
    return this.#profiler.measure(node, this.guard, () => this.#evaluate(node, grid));
  }

  #evaluate(node: PlanNode, grid: Grid): ColumnValue {
    this.guard.check();
    // One series alone has that many; a subquery's steps may be beyond counting.
    this.guard.requireRoom(grid.count);
    const before = this.guard.heldSamples;
    const { memory } = this.guard;
    const mark = memory.mark();
    const single = node.invariant && grid.count > 1;
    const looked = this.guard.queryableSamples;
    const value = this.#dispatch(node, single ? { ...grid, count: 1 } : grid);
    if (single) {
      this.guard.stepCounts?.addEverywhere(grid, this.guard.queryableSamples - looked);
    }
    if (single) memory.hold('vectors', bytesOf(value, grid));
    const result = single ? broadcast(value, grid.count) : value;
    // What the operands held is free now; the result is what stays.
    this.guard.settle(before);
    this.guard.hold(cellsOf(result, grid));
    memory.release(mark);
    memory.hold('vectors', bytesOf(result, grid));
    return result;
  }

  evaluateVector(node: PlanNode, grid: Grid): VectorValue {
    const value = this.evaluate(node, grid);
    assert(value.kind === 'vector', 'the parser checked for a vector');
    return value;
  }

  evaluateScalar(node: PlanNode, grid: Grid): ScalarValue {
    const value = this.evaluate(node, grid);
    assert(value.kind === 'scalar', 'the parser checked for a scalar');
    return value;
  }

  #dispatch(node: PlanNode, grid: Grid): ColumnValue {
    switch (node.kind) {
      case 'number':
        return { kind: 'scalar', values: new Float64Array(grid.count).fill(node.value) };
      case 'string':
        return { kind: 'string', value: node.value };
      case 'selector':
        return evaluateSelector(node, grid, this);
      case 'unary':
        return evaluateUnary(node, grid, this);
      case 'binary':
        return evaluateBinary(node, grid, this);
      case 'aggregate':
        return evaluateAggregate(node, grid, this);
      case 'call':
        return evaluateCall(node, grid, this);
      default:
        throw new ExecutionError('a range vector stands alone or is a function argument');
    }
  }
}

/** About what a value takes whose columns have the steps of `grid`. */
function bytesOf(value: ColumnValue, { count }: Grid): number {
  if (value.kind === 'string') return 0;
  if (value.kind === 'scalar') return value.values.byteLength;
  let bytes = value.series.length * columnBytes(count);
  for (const { histograms } of value.series) {
    const first = histograms?.find((histogram) => histogram !== undefined);
    // Those of a series are mostly alike.
    if (first !== undefined) bytes += histogramBytes(first) * count;
  }
  return bytes;
}

function cellsOf(value: ColumnValue, grid: Grid): number {
  return value.kind === 'vector' ? value.series.length * grid.count : 0;
}
