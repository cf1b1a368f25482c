import { encodeResult, encodeResultSeries } from '../../formats/remote-read/index.ts';
import { compress, compressedSizeMax } from '../../formats/snappy/index.ts';
import { Labels, SampleColumns } from '../../model/index.ts';
import type { QueryTask } from '../../query/index.ts';
import { ByteWriter } from '../../util/index.ts';
import { matchersOf, type ReadInput, withExternal } from './read-series.ts';
import { bytesAnswer, withSeries } from './select-series.ts';

/** Remote read with samples: the whole answer as one snappy block. */
export const readSamplesTask: QueryTask = async (input, context) => {
  const { queries, externalLabels, maxSamples } = input as ReadInput;
  const external = Labels.fromPairs(externalLabels);
  const response = new ByteWriter(64 * 1024);
  const columns = new SampleColumns();
  for (const query of queries) {
    const { minTime, maxTime } = query;
    const hints = { minTime, maxTime, maxSamples };
    const result = new ByteWriter(64 * 1024);
    await withSeries(context, matchersOf(query, external), hints, (set) => {
      for (let index = 0; index < set.length; index++) {
        columns.reset();
        set.samples(index, columns);
        const labels = withExternal(set.labels(index), external);
        encodeResultSeries(result, labels, columns, set.histograms(index));
      }
    });
    encodeResult(response, result);
  }
  return bytesAnswer(compressed(response.written()));
};

function compressed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const room = new Uint8Array(compressedSizeMax(bytes.length));
  return room.slice(0, compress(bytes, 0, bytes.length, room));
}
