import { ABSENT, FLOAT, type Grid, HISTOGRAM, type SeriesColumn } from './columns.ts';
import type { VectorValue } from './columns.ts';
import type { EvalContext } from './context.ts';
import { ELEMENT_FUNCTIONS, greater, lesser } from '../functions/math.ts';
import type { CallNode } from './plan.ts';

const CLAMPS = new Set(['clamp', 'clamp_min', 'clamp_max']);

/** Whether a function maps each float of a vector by itself. */
export function isElementCall(name: string): boolean {
  return ELEMENT_FUNCTIONS.has(name) || CLAMPS.has(name) || name === 'round';
}

/** Maps each float; histograms are dropped, and so is the name. */
export function evaluateElementCall(node: CallNode, grid: Grid, context: EvalContext): VectorValue {
  const vector = context.evaluateVector(node.args[0]!, grid);
  const parameters = node.args.slice(1).map((arg) => context.evaluateScalar(arg, grid).values);
  const map = ELEMENT_FUNCTIONS.get(node.name);
  for (const column of vector.series) {
    column.dropName = true;
    dropHistograms(column);
    if (map !== undefined) mapColumn(column, map);
    else if (node.name === 'round') roundColumn(column, parameters[0]);
    else clampColumn(column, clampBounds(node.name, parameters, grid));
  }
  return vector;
}

export function dropHistograms(column: SeriesColumn): void {
  if (column.histograms === undefined) return;
  column.histograms = undefined;
  for (let step = 0; step < column.present.length; step++) {
    if (column.present[step] === HISTOGRAM) column.present[step] = ABSENT;
  }
}

function mapColumn({ values, present }: SeriesColumn, map: (value: number) => number): void {
  for (let step = 0; step < values.length; step++) {
    if (present[step] === FLOAT) values[step] = map(values[step]!);
  }
}

function roundColumn({ values }: SeriesColumn, nearest: Float64Array | undefined): void {
  for (let step = 0; step < values.length; step++) {
    // The inverse keeps decimals such as 0.1 exact more often than a division does.
    const inverse = 1 / (nearest?.[step] ?? 1);
    values[step] = Math.floor(values[step]! * inverse + 0.5) / inverse;
  }
}

interface Bounds {
  readonly least: Float64Array;
  readonly greatest: Float64Array;
}

function clampBounds(name: string, parameters: readonly Float64Array[], grid: Grid): Bounds {
  const open = (bound: number): Float64Array => new Float64Array(grid.count).fill(bound);
  const [first = open(NaN), second = open(NaN)] = parameters;
  if (name === 'clamp_min') return { least: first, greatest: open(Infinity) };
  if (name === 'clamp_max') return { least: open(-Infinity), greatest: first };
  return { least: first, greatest: second };
}

function clampColumn({ values, present }: SeriesColumn, { least, greatest }: Bounds): void {
  for (let step = 0; step < values.length; step++) {
    if (greatest[step]! < least[step]!) present[step] = ABSENT;
    else values[step] = greater(least[step]!, lesser(greatest[step]!, values[step]!));
  }
}
