import type { Commit } from './head/commit.ts';
import { SERIES_AT_ONCE } from './head/commit.ts';
import { slicesOf } from './head/slices.ts';
import { nextTurn } from './pacer.ts';
import { ByteWriter } from './wal/byte-writer.ts';
import { NewSeriesEncoder } from './wal/series-codec.ts';

/** Writes the series of a large commit for the log, a slice at a time. */
export async function prepareCommit(commit: Commit): Promise<Commit> {
  const { series } = commit;
  if (series.length <= SERIES_AT_ONCE) return commit;
  const writer = new ByteWriter(1024 * 1024);
  const encoder = new NewSeriesEncoder(writer, series.length);
  for (const slice of slicesOf(series, SERIES_AT_ONCE)) {
    encoder.add(slice);
    await nextTurn();
  }
  return { ...commit, seriesBytes: writer.written() };
}
