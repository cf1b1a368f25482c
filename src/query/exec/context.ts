import type { SeriesSet } from '../../storage/api.ts';
import type { Annotations } from '../annotations.ts';
import type { ColumnValue, Grid, ScalarValue, VectorValue } from './columns.ts';
import type { QueryGuard } from './guard.ts';
import type { PlanNode } from './plan.ts';

/** What every operator of one query shares. */
export interface EvalContext {
  readonly guard: QueryGuard;
  readonly annotations: Annotations;
  readonly lookbackMs: number;
  /** Counters are told by `__type__` instead of by their name's ending. */
  readonly typeAndUnitLabels: boolean;
  /** Rates see the start timestamps that are stored with samples. */
  readonly startTimestamps: boolean;
  /** Operators may take in what is below them without its being evaluated by itself. */
  readonly streams: boolean;
  /** What storage found for a selector (or for `info`). */
  seriesOf(node: PlanNode): SeriesSet;
  /** Evaluates a node on a grid; the value belongs to the caller. */
  evaluate(node: PlanNode, grid: Grid): ColumnValue;
  evaluateVector(node: PlanNode, grid: Grid): VectorValue;
  evaluateScalar(node: PlanNode, grid: Grid): ScalarValue;
}
