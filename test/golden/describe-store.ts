import type { Storage } from '../../src/storage/index.ts';
import { dumpLine } from '../contract/naive-storage.ts';
import { ALWAYS, readAll } from '../contract/storage-access.ts';

/** Everything in a store, as plain data that JSON keeps. */
export async function describeStore(storage: Storage): Promise<unknown> {
  const series = await readAll(storage);
  const description = {
    samples: series.flatMap(({ labels, samples }) =>
      samples.map(([timestamp, bits]) => dumpLine(labels, timestamp, bits)),
    ),
    histograms: series.flatMap(({ labels, histograms }) =>
      histograms.map(({ timestamp, histogram }) => [
        labels.toString(),
        timestamp,
        histogram ?? null,
      ]),
    ),
    exemplars: storage.exemplars([[]], ALWAYS).map(({ labels, exemplars }) => {
      return [labels.toString(), exemplars];
    }),
    metadata: [...storage.metadata()],
    state: [...storage.state('')].map(([key, value]) => [key, [...value]]),
  };
  return JSON.parse(JSON.stringify(description));
}
