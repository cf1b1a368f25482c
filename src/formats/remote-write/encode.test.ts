import { expect, test } from 'vitest';
import { isStaleAt, Labels, SampleColumns } from '../../model/index.ts';
import { ByteWriter } from '../../util/index.ts';
import { decodeExemplar, decodeMetadata } from './decode.ts';
import { encodeLabels, encodeWriteRequest } from './encode.ts';
import { decodeLabels } from './labels.ts';
import { walkWriteRequest } from './walk.ts';

function columns(...samples: readonly (readonly [number, number])[]): SampleColumns {
  const made = new SampleColumns();
  for (const [timestamp, value] of samples) made.push(timestamp, value);
  return made;
}

test('what is encoded is walked again', () => {
  const writer = new ByteWriter(1);
  const samples = columns([1_795_366_702_381, 1.5], [-1, -0], [0, Infinity]);
  samples.pushStale(2 ** 53 - 1);
  const labels = Labels.fromObject({ __name__: 'größe', job: 'x'.repeat(300) });
  const exemplar = { labelPairs: ['trace', 'é'], value: 2, timestamp: 7 };
  const metadata = { type: 'gaugehistogram', help: 'a help', unit: 's' } as const;
  encodeWriteRequest(
    writer,
    [
      { labels, samples, exemplars: [exemplar] },
      { labels: encodeLabels(labels), samples: columns([5, 6]) },
      { labels, samples: columns() },
    ],
    [{ familyName: 'f', metadata }],
  );
  const bytes = writer.written().slice();
  const words = new Uint32Array(2);
  const found: unknown[] = [];
  walkWriteRequest(bytes, 0, bytes.length, {
    series: (identity, start, end) => found.push(decodeLabels(identity, start, end)),
    sample(offset, timestamp) {
      new Uint8Array(words.buffer).set(bytes.subarray(offset, offset + 8));
      found.push([timestamp, isStaleAt(words, 0) ? 'stale' : new Float64Array(words.buffer)[0]]);
    },
    histogram: () => found.push('histogram'),
    exemplar: (start, end) => found.push(decodeExemplar(bytes, start, end)),
    metadata: (start, end) => found.push(decodeMetadata(bytes, start, end)),
  });
  expect(found).toEqual([
    { labels, problem: undefined },
    [1_795_366_702_381, 1.5],
    [-1, -0],
    [0, Infinity],
    [2 ** 53 - 1, 'stale'],
    { exemplar, problem: undefined },
    { labels, problem: undefined },
    [5, 6],
    { familyName: 'f', metadata },
  ]);
});

test('nothing to send is an empty message', () => {
  const writer = new ByteWriter();
  encodeWriteRequest(writer, []);
  expect(writer.length).toBe(0);
});
