import { parentPort, workerData } from 'node:worker_threads';
import type { MatchType } from '../../src/model/index.ts';
import { createMatcher, isStaleAt, SampleColumns, TidegaugeError } from '../../src/model/index.ts';
import { connectReader } from '../../src/storage/index.ts';

/**
 * A worker that reads a store: for each message with a matcher it answers with what a selection of
 * all times holds, in sums; `end` lets it end.
 */
const reader = connectReader(workerData);

async function answer([type, name, value]: readonly [MatchType, string, string]): Promise<unknown> {
  const querier = reader.querier();
  const set = await querier.select([createMatcher(type, name, value)], {
    minTime: -Infinity,
    maxTime: Infinity,
  });
  const columns = new SampleColumns();
  for (let index = 0; index < set.length; index++) set.samples(index, columns);
  let stale = 0;
  let sum = 0;
  for (let index = 0; index < columns.length; index++) {
    if (isStaleAt(columns.words, index)) stale++;
    else sum += columns.values[index] ?? 0;
  }
  const first = set.labels(0).get('index');
  querier.close();
  return { series: set.length, samples: columns.length, stale, sum, first };
}

parentPort?.on('message', (message: 'end' | { matcher: [MatchType, string, string] }) => {
  if (message === 'end') {
    parentPort?.close();
    return;
  }
  answer(message.matcher).then(
    (result) => parentPort?.postMessage(result),
    (error: unknown) => {
      parentPort?.postMessage({
        code: error instanceof TidegaugeError ? error.code : String(error),
      });
    },
  );
});
