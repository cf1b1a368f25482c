import { expect, test } from 'vitest';
import { BatchColumns } from '../../formats/tide/index.ts';
import { orderedColumns } from './ordered-columns.ts';

function columnsOf(rows: readonly (readonly [id: number, time: number, value: number])[]) {
  const columns = new BatchColumns(1);
  for (const [id, time, value] of rows) columns.pushValue(id, time, value);
  return columns;
}

function rowsOf({ seriesIds, timestamps, values, length }: BatchColumns) {
  return Array.from({ length }, (_, at) => [seriesIds[at], timestamps[at], values[at]]);
}

test('what is in order stays as it is, and is not copied', () => {
  const columns = columnsOf([
    ...([[1, 5, 1.5]] as const),
    ...([
      [1, 6, 2],
      [2, 5, 3],
    ] as const),
  ]);
  const ordered = orderedColumns(columns);
  expect(ordered.columns).toBe(columns);
  expect([ordered.duplicates, ordered.conflicts]).toEqual([[], []]);
});

test('series and times are put in order; of one time the first counts, bit for bit', () => {
  const given = columnsOf([
    [9, 5, 1],
    [2, 7, 2],
    [2, 6, 3],
    [9, 5, 1],
    [2, 7, 4],
    [3, 1, 0],
    [3, 1, -0],
  ]);
  const { columns, duplicates, conflicts } = orderedColumns(given);
  expect(rowsOf(columns)).toEqual([
    [2, 6, 3],
    [2, 7, 2],
    [3, 1, 0],
    [9, 5, 1],
  ]);
  expect([duplicates, conflicts]).toEqual([[3], [4, 6]]);
});
