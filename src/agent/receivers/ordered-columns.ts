import { BatchColumns } from '../../formats/tide/index.ts';

/** Samples in the order of a batch, and what became of those that have no place in it. */
export interface OrderedColumns {
  /** By series, times ascending in each, no time twice. */
  readonly columns: BatchColumns;
  /** Places of samples whose series has the same value at that time already. */
  readonly duplicates: readonly number[];
  /** The same with another value: the first counts. */
  readonly conflicts: readonly number[];
}

/** Puts samples of any order into that of a batch. Linear where they have it. */
export function orderedColumns(given: BatchColumns): OrderedColumns {
  const duplicates: number[] = [];
  const conflicts: number[] = [];
  if (isInOrder(given)) return { columns: given, duplicates, conflicts };
  const { seriesIds, timestamps, words, length } = given;
  const order = Uint32Array.from({ length }, (_, index) => index).sort((a, b) => {
    return seriesIds[a]! - seriesIds[b]! || timestamps[a]! - timestamps[b]! || a - b;
  });
  const columns = new BatchColumns(Math.max(1, length));
  let last = -1;
  for (const index of order) {
    const isSameTime =
      last >= 0 && seriesIds[index] === seriesIds[last] && timestamps[index] === timestamps[last];
    if (isSameTime) {
      const isSame =
        words[2 * index] === words[2 * last] && words[2 * index + 1] === words[2 * last + 1];
      (isSame ? duplicates : conflicts).push(index);
      continue;
    }
    last = index;
    columns.pushFrom(given, index);
  }
  return { columns, duplicates, conflicts };
}

function isInOrder({ seriesIds, timestamps, length }: BatchColumns): boolean {
  for (let index = 1; index < length; index++) {
    const step = seriesIds[index]! - seriesIds[index - 1]!;
    if (step < 0 || (step === 0 && timestamps[index]! <= timestamps[index - 1]!)) return false;
  }
  return true;
}
