import { BatchColumns } from '../../formats/tide/index.ts';

/** Adds samples `[from, to)` to the end of `into`, bit for bit. */
export function sliceColumns(
  columns: BatchColumns,
  from: number,
  to: number,
  into: BatchColumns,
): BatchColumns {
  into.reserve(to - from);
  const at = into.length;
  into.seriesIds.set(columns.seriesIds.subarray(from, to), at);
  into.timestamps.set(columns.timestamps.subarray(from, to), at);
  into.words.set(columns.words.subarray(2 * from, 2 * to), 2 * at);
  into.length = at + to - from;
  const { histograms } = columns;
  if (histograms === undefined) return into;
  into.histograms ??= [];
  for (let index = from; index < to; index++) {
    into.histograms[at + index - from] = histograms[index];
  }
  return into;
}

/** The same samples but those of native histograms; the columns themselves where there are none. */
export function withoutHistograms(columns: BatchColumns): BatchColumns {
  const { histograms, length } = columns;
  if (histograms === undefined) return columns;
  const kept = new BatchColumns(Math.max(1, length));
  for (let index = 0; index < length; index++) {
    if (histograms[index] === undefined) sliceColumns(columns, index, index + 1, kept);
  }
  // What is kept has none, and says so.
  kept.histograms = undefined;
  return kept;
}

/**
 * Samples by series and time, each time once, and at most one (the last) for each step of
 * `resolutionMs`; 0 keeps all.
 */
export function orderByTime(columns: BatchColumns, resolutionMs: number): BatchColumns {
  const { length, seriesIds, timestamps } = columns;
  const order = Array.from({ length }, (_, index) => index).sort(
    (a, b) => seriesIds[a]! - seriesIds[b]! || timestamps[a]! - timestamps[b]!,
  );
  const stepOf = (index: number): number =>
    resolutionMs > 0 ? Math.floor(timestamps[index]! / resolutionMs) : timestamps[index]!;
  const ordered = new BatchColumns(Math.max(1, length));
  for (const [place, index] of order.entries()) {
    const next = order[place + 1];
    const isLast =
      next === undefined || seriesIds[next] !== seriesIds[index] || stepOf(next) !== stepOf(index);
    if (isLast) sliceColumns(columns, index, index + 1, ordered);
  }
  return ordered;
}
