import { expect, test } from 'vitest';
import { encodeOldCommit } from '../../../test/support/old-commit-codec.ts';
import { createMatcher, Labels } from '../../model/index.ts';
import { SampleBatch } from '../api.ts';
import type { Commit } from '../head/commit.ts';
import { ByteReader, RecordFormatError } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  decodeCommit,
  decodeDelete,
  decodeTruncate,
  encodeDelete,
  encodeTruncate,
  RecordKind,
} from './records.ts';

function commitOf(timestamps: readonly number[]): Commit {
  const samples = new SampleBatch(1);
  for (const [index, timestamp] of timestamps.entries()) {
    samples.pushBits(index + 1, timestamp, index, 0x7ff00000 + index);
  }
  return {
    bounds: { minTime: -Infinity, maxTime: 1e15, windowMs: 7_200_000 },
    series: [
      {
        ref: 1,
        labels: Labels.fromObject({ __name__: 'm', long: 'ä'.repeat(300), b: '\u{1f30a}' }),
      },
      { ref: 4_294_967_295, labels: Labels.EMPTY },
    ],
    samples,
    histograms: [{ ref: 3, timestamp: 5, histogram: undefined }],
    exemplars: [{ ref: 3, labelPairs: ['trace_id', ''], value: -0, timestamp: 9 }],
    metadata: [['m', { type: 'stateset', help: 'help', unit: 's' }]],
    state: [
      ['a/b', new Uint8Array([0, 255])],
      ['a/c', undefined],
    ],
  };
}

function encoded(commit: Commit): Uint8Array {
  const writer = new ByteWriter(1);
  encodeOldCommit(writer, commit);
  return writer.written().slice();
}

function decoded(bytes: Uint8Array, batch?: SampleBatch): Commit {
  const reader = new ByteReader(bytes, 0, bytes.length);
  expect(reader.u8()).toBe(RecordKind.COMMIT);
  const commit = decodeCommit(reader, batch);
  expect(reader.remaining).toBe(0);
  return commit;
}

function columnsOf({ samples }: Commit): unknown {
  return {
    refs: [...samples.refs.subarray(0, samples.length)],
    timestamps: [...samples.timestamps.subarray(0, samples.length)],
    words: [...samples.words.subarray(0, 2 * samples.length)],
  };
}

test('a commit of version 1 comes back as it was, whatever its times', () => {
  const check = (timestamps: readonly number[], batch?: SampleBatch): number => {
    const commit = commitOf(timestamps);
    const bytes = encoded(commit);
    const back = decoded(bytes, batch);
    expect(columnsOf(back)).toEqual(columnsOf(commit));
    expect({ ...back, samples: 0 }).toEqual({ ...commit, samples: 0 });
    return bytes.length;
  };
  const empty = check([]);
  const now = 1_700_000_000_000;
  expect(check([now, now, now, now]) - empty).toBe(9 + 4 * 12);
  expect(check([now, now - 5, now + 0xfffffff]) - empty).toBe(9 + 3 * 16);
  expect(check([now, 0, -now]) - empty).toBe(1 + 3 * 20);
  check([0.5, 1.25], new SampleBatch(2));
  check([now, now], new SampleBatch(1));
});

test('a commit cut short is refused, never read past its end', () => {
  const bytes = encoded(commitOf([1, 2, 3]));
  for (let length = 1; length < bytes.length; length++) {
    const reader = new ByteReader(bytes, 1, length);
    expect(() => decodeCommit(reader)).toThrow(RecordFormatError);
  }
});

test('deletes and truncations come back', () => {
  const writer = new ByteWriter();
  const range = { minTime: -Infinity, maxTime: 12 };
  encodeDelete(writer, { matchers: [createMatcher('!~', 'a', 'b.*|c')], range });
  encodeTruncate(writer, { minTime: 5, refs: [1, 4_000_000_000] });
  const reader = new ByteReader(writer.buffer, 0, writer.length);
  expect(reader.u8()).toBe(RecordKind.DELETE);
  const { matchers, range: readRange } = decodeDelete(reader);
  expect(readRange).toEqual(range);
  expect(matchers.map(({ type, name, value }) => [type, name, value])).toEqual([
    ['!~', 'a', 'b.*|c'],
  ]);
  expect(matchers[0]?.matches('bx')).toBe(false);
  expect(reader.u8()).toBe(RecordKind.TRUNCATE);
  expect(decodeTruncate(reader)).toEqual({ minTime: 5, refs: [1, 4_000_000_000] });
  expect(reader.remaining).toBe(0);
});
