import { expect, test } from 'vitest';
import { Labels } from '../../../model/index.ts';
import { compareUtf8, crc32c } from '../../../util/index.ts';
import { TsdbError } from '../errors.ts';
import type { ChunkMeta } from './index-format.ts';
import { IndexReader } from './index-reader.ts';
import { IndexWriter } from './index-writer.ts';

/** U+FF21 sorts after U+1F600 by UTF-16 units, before it by bytes. */
const SERIES = [
  { __name__: 'up', job: 'a' },
  { __name__: 'up', job: 'a', zone: '\uff21' },
  { __name__: 'up', job: 'a', zone: '\u{1f600}' },
  { __name__: 'up', job: 'b'.repeat(300) },
  { job: 'no name' },
].map((labels) => Labels.fromObject(labels));

function chunksOf(place: number): ChunkMeta[] {
  return [
    { minTime: -5, maxTime: 100, segment: 0, offset: 8 + 1000 * place },
    { minTime: 101, maxTime: 101, segment: 0, offset: 500 + 1000 * place },
    { minTime: 2 ** 45, maxTime: 2 ** 45 + 7, segment: 3, offset: 8 + place },
  ];
}

function write(): Uint8Array {
  const symbols = [...new Set(SERIES.flatMap(({ pairs }) => pairs))].sort(compareUtf8);
  const writer = new IndexWriter(symbols);
  for (const [place, labels] of SERIES.entries()) writer.addSeries(labels, chunksOf(place));
  return writer.finish();
}

test('series, chunks and postings come back', () => {
  const reader = new IndexReader(write(), 'index');
  expect(reader.version).toBe(2);
  const refs = [...reader.allSeries()];
  expect(refs.map((ref) => reader.series(ref).labels.pairs)).toEqual(
    SERIES.map(({ pairs }) => pairs),
  );
  expect(refs.map((ref) => reader.series(ref).chunks)).toEqual(
    SERIES.map((_, place) => chunksOf(place)),
  );
  const table = [...reader.postingsTable()];
  const names = table.map(({ name, value }) => [name, value]);
  expect(names).toEqual(
    names.toSorted((a, b) => compareUtf8(a[0]!, b[0]!) || compareUtf8(a[1]!, b[1]!)),
  );
  for (const { name, value, offset } of table) {
    const wanted = refs.filter(
      (_, place) => (name === '' && value === '') || SERIES[place]!.get(name) === value,
    );
    expect([...reader.postings(offset)], `${name}=${value}`).toEqual(wanted);
  }
  expect(table.length).toBe(1 + 1 + 3 + 2);
});

test('an index without series', () => {
  expect([...new IndexReader(new IndexWriter([]).finish(), 'index').allSeries()]).toEqual([]);
});

test('series must come in order', () => {
  const writer = new IndexWriter(['a', 'b', 'n']);
  writer.addSeries(Labels.fromObject({ n: 'b' }), []);
  expect(() => writer.addSeries(Labels.fromObject({ n: 'a' }), [])).toThrow('in the order');
});

test('every changed byte is noticed where it counts, and named', () => {
  const whole = write();
  let noticed = 0;
  for (let at = 0; at < whole.length; at++) {
    const bytes = whole.slice();
    bytes[at]! ^= 0x55;
    try {
      const reader = new IndexReader(bytes, 'the index');
      for (const ref of reader.allSeries()) reader.series(ref);
    } catch (error) {
      expect(error).toBeInstanceOf(TsdbError);
      expect((error as Error).message).toMatch(/^the index, byte \d+: /);
      noticed++;
    }
  }
  // Not read: label indices, the postings of single labels, padding, and the table's own places.
  expect(noticed).toBeGreaterThan(whole.length / 2);
});

test('entries that contradict themselves under a right checksum', () => {
  const whole = write();
  const [ref = 0] = new IndexReader(whole, 'index').allSeries();
  const start = 16 * ref;
  const length = whole[start]!;
  let refused = 0;
  for (let at = start + 1; at <= start + length; at++) {
    for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
      const bytes = whole.slice();
      bytes[at] = byte;
      const crc = crc32c(bytes, start + 1, start + 1 + length);
      new DataView(bytes.buffer).setUint32(start + 1 + length, crc);
      try {
        new IndexReader(bytes, 'index').series(ref);
      } catch (error) {
        expect(error).toBeInstanceOf(TsdbError);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(10);
});

test('what is no index', () => {
  const check = (bytes: Uint8Array, problem: string): void => {
    expect(() => new IndexReader(bytes, 'f')).toThrow(problem);
  };
  check(new Uint8Array(0), 'f, byte 0: it ends after 0 bytes, wanted 4');
  check(new Uint8Array(100), 'f, byte 0: it begins 0x00000000, wanted 0xbaaad700');
  const version3 = write();
  version3[4] = 3;
  check(version3, 'f, byte 4: an index of version 3, wanted 1 or 2');
  check(write().slice(0, 30), 'an index of 30 bytes, wanted 57');
});
