import { compress, compressedSizeMax, encodeWriteRequest } from '../../src/formats/index.ts';
import { Labels, SampleColumns } from '../../src/model/index.ts';
import { ByteWriter } from '../../src/util/index.ts';

/** A series of a remote write request: labels, and samples as time and value. */
export type WriteRow = readonly [
  labels: Readonly<Record<string, string>> | Labels,
  ...samples: (readonly [timestamp: number, value: number | 'stale'])[],
];

/** The message of a remote write 1.0 request, not compressed. */
export function writeMessage(rows: readonly WriteRow[]): Uint8Array {
  const writer = new ByteWriter(1024);
  encodeWriteRequest(
    writer,
    rows.map(([labels, ...samples]) => {
      const columns = new SampleColumns(samples.length);
      for (const [timestamp, value] of samples) {
        if (value === 'stale') columns.pushStale(timestamp);
        else columns.push(timestamp, value);
      }
      return {
        labels: labels instanceof Labels ? labels : Labels.fromObject(labels),
        samples: columns,
      };
    }),
  );
  return writer.written().slice();
}

/** Bytes as one snappy block. */
export function snappy(bytes: Uint8Array): Uint8Array {
  const block = new Uint8Array(compressedSizeMax(bytes.length));
  return block.subarray(0, compress(bytes, 0, bytes.length, block));
}

/** The body of a remote write 1.0 request. */
export function writeBody(rows: readonly WriteRow[]): Uint8Array {
  return snappy(writeMessage(rows));
}
