import { expect, test } from 'vitest';
import type { Appender, LocalTarget } from '../../ingest/pull/index.ts';
import { type FloatHistogram, Labels } from '../../model/index.ts';
import { silentLogger } from '../../telemetry/index.ts';
import { Reading } from './group-source.ts';
import { ScrapeSource } from './scrape-source.ts';
import { SeriesTable } from './series-table.ts';

const HISTOGRAM: FloatHistogram = {
  ...{ counterReset: 'unknown', schema: 0, zeroThreshold: 0, zeroCount: 0, count: 1, sum: 1 },
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [1],
  ...{ negativeSpans: [], negativeBuckets: [], customValues: [] },
};

/** A source whose target has what `fill` appends. */
function sourceOf(
  table: SeriesTable,
  fill: (appender: Appender, timestamp: number) => void,
): ScrapeSource {
  const namer = {
    id: table.add.bind(table, 1),
    isKnown: (id: number) => table.get(id) !== undefined,
  };
  const open = (appender: () => Appender): LocalTarget => {
    const scrape = async (timestamp: number) => {
      const filling = appender();
      fill(filling, timestamp);
      await filling.commit();
      return { durationMs: 1, samples: 1, rejected: 0, error: '' };
    };
    const target = { labels: Labels.fromPairs(['instance', 'here']) };
    return { jobName: 'job', target, scrape } as unknown as LocalTarget;
  };
  return new ScrapeSource(open, namer, {
    logger: silentLogger,
    unsent: { histograms: 0, exemplars: 0 },
  });
}

test('native histograms are read like all else', async () => {
  const source = sourceOf(new SeriesTable(Labels.EMPTY), (filling, timestamp) => {
    const ref = filling.series(Labels.fromPairs(['__name__', 'took']));
    filling.addHistogram(ref, timestamp, HISTOGRAM);
    filling.samples.push(filling.series(Labels.fromPairs(['__name__', 'up'])), timestamp, 1);
  });
  const reading = new Reading();
  for (const timestamp of [1000, 2000]) {
    reading.reset();
    await source.read(timestamp, reading, new AbortController().signal);
    const { columns } = reading;
    expect(columns.length).toBe(2);
    columns.sortBySeries();
    expect(columns.histograms?.map((one) => one?.count)).toEqual([1, undefined]);
  }
});

test('a series that no session can carry is as beyond a limit, and others go on', async () => {
  const table = new SeriesTable(Labels.EMPTY);
  const refs: number[] = [];
  const source = sourceOf(table, (filling, timestamp) => {
    const names = [Labels.fromPairs(['__name__', 'a', 'long', 'x'.repeat(4097)])];
    names.push(Labels.fromPairs(['__name__', 'b']));
    for (const labels of names) {
      const ref = filling.series(labels);
      refs.push(ref);
      if (ref !== 0) filling.samples.push(ref, timestamp, 1);
    }
  });
  const reading = new Reading();
  await source.read(1000, reading, new AbortController().signal);
  expect(refs).toEqual([0, 1]);
  expect(reading.columns.length).toBe(1);
  expect(Array.from(table, ({ labels }) => labels.metricName)).toEqual(['b']);
});
