import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Kernel } from '../../src/kernel/index.ts';
import { Labels, SampleColumns } from '../../src/model/index.ts';
import { Head } from '../../src/storage/head/head.ts';
import { ByteReader, RecordFormatError } from '../../src/storage/wal/byte-reader.ts';
import { ByteWriter } from '../../src/storage/wal/byte-writer.ts';
import { HeadSnapshot } from '../../src/storage/wal/head-snapshot.ts';
import { CopyRecord, CopyRecordReader } from '../../src/storage/wal/snapshot-copies.ts';
import { Canaries, mutate, testKernel } from '../support/kernel-guard.ts';

const START = 1_700_000_000_000;
const RUNS = Number(process.env['TIDEGAUGE_PROPERTY_RUNS'] ?? 300);

function headOf(shardCount: number): Head {
  return new Head({ maxExemplars: 0, shardCount, shardBytes: 1 << 26 });
}

function fill(head: Head, counts: readonly number[], seed: number): void {
  for (const [index, count] of counts.entries()) {
    const labels = Labels.fromObject({ __name__: 'm', job: `j${index % 3}`, n: `${index}` });
    const ref = head.series.add(index + 1, labels);
    const { kernel } = head.series.shard(ref);
    for (let at = 0; at < count; at++) {
      kernel.insertLate(ref, START + 1000 * at, (at * seed) % 7, 0x40590000 + ((at * index) % 3));
    }
  }
}

/** All series in records; a new one is begun after each so many portions. */
function recordsOf(head: Head, portions = 1): Uint8Array[] {
  const record = new CopyRecord();
  const records: Uint8Array[] = [];
  const take = (): void => {
    const writer = new ByteWriter();
    record.writeTo(writer);
    records.push(writer.written().slice());
  };
  let number = 0;
  for (const _ of new HeadSnapshot(head).addTo(record)) if (++number % portions === 0) take();
  take();
  record.release();
  return records;
}

function dump(head: Head): string[] {
  const lines: string[] = [];
  for (const refs of head.series.refs()) {
    for (const ref of refs) {
      const into = new SampleColumns();
      head.series.shard(ref).reader.read(ref, -Infinity, Infinity, into);
      const words = into.words.subarray(0, 2 * into.length).join();
      const times = into.timestamps.subarray(0, into.length).join();
      const labels = head.series.labels(ref).toString();
      lines.push(`${labels} ${times} ${words} ${head.newestTime(ref)}`);
    }
  }
  return lines.sort();
}

function restore(head: Head, record: Uint8Array, copies = new CopyRecordReader()): void {
  try {
    copies.read(new ByteReader(record, 0, record.length), (series) => head.restoreSeries(series));
  } finally {
    copies.release();
  }
}

const counts = fc.array(fc.nat(200), { maxLength: 12 });
const shards = fc.constantFrom(1, 3);

test('a head comes back, whatever its shards and those it had', () => {
  const property = fc.property(
    counts,
    fc.integer({ min: 1, max: 50 }),
    shards,
    shards,
    fc.constantFrom(1, 2, 1000),
    (some, seed, before, after, portions) => {
      const head = headOf(before);
      fill(head, some, seed);
      const other = headOf(after);
      for (const record of recordsOf(head, portions)) restore(other, record);
      expect(dump(other)).toEqual(dump(head));
      expect(other.sampleCount).toBe(head.sampleCount);
      expect(other.series.filledCount).toBe(head.series.filledCount);
    },
  );
  fc.assert(property, { numRuns: 40 });
}, 60_000);

test('a series that is there already gets what it lacks', () => {
  const head = headOf(1);
  fill(head, [100, 50], 3);
  const [record] = recordsOf(head, 1000);
  const other = headOf(1);
  // The same labels under another ref, and some of the samples.
  const ref = other.series.add(77, head.series.labels(1));
  for (const at of [5, 50, 120]) {
    other.shards[0]!.kernel.insertLate(ref, START + 1000 * at + 1, 1, 1);
  }
  restore(other, record!);
  expect(other.shards[0]!.kernel.sampleCountOf(ref)).toBe(103);
  expect(other.sampleCount).toBe(153);
  // Twice is as once.
  restore(other, record!);
  expect(other.sampleCount).toBe(153);
});

test('what was deleted meanwhile leaves its newest time', () => {
  const head = headOf(1);
  fill(head, [100, 0], 3);
  const record = new CopyRecord();
  const portions = new HeadSnapshot(head).addTo(record);
  head.shards[0]!.kernel.removeRange(1, START + 90_000, Infinity);
  for (const _ of portions);
  const writer = new ByteWriter();
  record.writeTo(writer);
  record.release();
  const other = headOf(1);
  restore(other, writer.written());
  expect(other.sampleCount).toBe(90);
  expect(other.newestTime(1)).toBe(START + 99_000);
  expect(other.newestTime(2)).toBeNaN();
});

const choices = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 3,
  maxLength: 12,
});

test('a damaged record is refused or read, by a check as by a start', () => {
  const property = fc.property(counts, choices, shards, (some, damage, shardCount) => {
    const head = headOf(1);
    fill(head, some, 5);
    const record = mutate(recordsOf(head, 1000)[0]!, damage);
    const other = headOf(shardCount);
    const canaries = other.shards.map(({ kernel }) => new Canaries(kernel, 4));
    const isRestored = isRead(() => {
      restore(other, record);
    });
    const kernel = testKernel();
    // Labels that come twice are one series, and each may have what the other lacks.
    const isPlain = other.series.aliases.size === 0;
    const isGood = isRead(() => {
      check(kernel, record);
    });
    if (isPlain) assert.equal(isGood, isRestored);
    assert.ok(canaries.every((each) => each.areIntact));
    assert.equal(kernel.stats().bytesByKind.chunks, 0);
  });
  fc.assert(property, { numRuns: RUNS });
}, 120_000);

function check(kernel: Kernel, record: Uint8Array): void {
  const copies = new CopyRecordReader();
  try {
    copies.read(new ByteReader(record, 0, record.length), ({ samples }) => {
      samples.columns(kernel);
    });
  } finally {
    copies.release();
  }
}

/** False where it is refused; any other error is none that a record may cause. */
function isRead(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof RecordFormatError)) throw error;
    return false;
  }
}
