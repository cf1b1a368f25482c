import type { Labels } from '../../model/index.ts';
import { emptyColumn, type SeriesColumn } from './columns.ts';
import type { QueryGuard } from './guard.ts';
import { columnBytes } from './memory.ts';

/** As `emptyColumn`, its memory counted. @throws QueryLimitError */
export function heldColumn(
  { memory }: QueryGuard,
  labels: Labels,
  steps: number,
  dropName = false,
): SeriesColumn {
  memory.hold('vectors', columnBytes(steps));
  return emptyColumn(labels, steps, dropName);
}
