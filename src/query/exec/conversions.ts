import { Labels } from '../../model/index.ts';
import {
  emptyColumn,
  FLOAT,
  type Grid,
  type ScalarValue,
  type VectorValue,
  vectorOf,
} from './columns.ts';

/** The grid's times in unix seconds. */
export function timesInSeconds({ startMs, stepMs, count }: Grid): Float64Array {
  return Float64Array.from({ length: count }, (_, step) => (startMs + step * stepMs) / 1000);
}

/** `vector(s)`: one element without labels. */
export function evaluateVector({ values }: ScalarValue): VectorValue {
  const column = emptyColumn(Labels.EMPTY, values.length);
  column.values.set(values);
  column.present.fill(FLOAT);
  return vectorOf([column]);
}

/** `scalar(v)`: the value of the only float of each step, NaN where there is none or several. */
export function evaluateScalar(vector: VectorValue, grid: Grid): ScalarValue {
  const values = new Float64Array(grid.count).fill(NaN);
  const found = new Uint8Array(grid.count);
  for (const column of vector.series) {
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] !== FLOAT) continue;
      values[step] = found[step] === 0 ? column.values[step]! : NaN;
      found[step] = 1;
    }
  }
  return { kind: 'scalar', values };
}
