import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeChunk,
  decodeWalRecord,
  IndexReader,
  parseBlockMeta,
  readChunk,
  readTombstones,
  TsdbError,
  WalSegmentReader,
  type WalVisitor,
  writeTombstones,
} from '../../src/formats/tsdb/index.ts';
import { SampleColumns } from '../../src/model/index.ts';
import { conformancePath, requires } from '../support/requirements.ts';

/** A change to a file: bytes replaced from a place on, and perhaps the rest cut off. */
const damage = fc.record({
  /** Share of the file before it. */
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  isCut: fc.boolean(),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(whole: Uint8Array, { at, bytes, isCut }: Damage): Uint8Array {
  const place = Math.floor(at * whole.length);
  // A copy: `slice` of a Buffer is a view.
  const copy = Uint8Array.from(whole.subarray(0, isCut ? place + bytes.length : whole.length));
  copy.set(bytes.subarray(0, copy.length - place), place);
  return copy;
}

/** Runs a reader; anything but success and `TsdbError` fails the test. */
function survives(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof TsdbError)) throw error;
    expect(error.message).toContain(`${error.file}, byte ${error.offset}: `);
    return false;
  }
}

const NOTHING: WalVisitor = {
  series() {},
  sample() {},
  histogram() {},
  unknownHistogram() {},
  deleted() {},
  exemplar() {},
  metadata() {},
};

const BLOCKS = [
  'own-demo/blocks/01M8238PTTPN2BA7H2F1WP6FB6',
  'own-live-native/blocks/01M8237E63Z5VWJQSV93J7XHYE',
  'index-format-v1',
  'thanos-downsampled/01KKS78PKKR6BQ0SQ5BARRTAKC',
];

requires({ conformance: 'tsdb-blocks' }).describe('files that Prometheus wrote, damaged', () => {
  for (const block of BLOCKS) {
    test(`the index of ${block}`, async () => {
      const whole = await readFile(join(conformancePath('tsdb-blocks'), block, 'index'));
      const readSome = (bytes: Uint8Array): void => {
        const reader = new IndexReader(bytes, 'index');
        const refs = reader.allSeries();
        for (let at = 0; at < refs.length; at += 1 + (refs.length >>> 5)) reader.series(refs[at]!);
        for (const { offset } of reader.postingsTable()) reader.postings(offset);
      };
      readSome(whole);
      fc.assert(
        fc.property(damage, fc.nat({ max: 0xffffffff }), (change, anyRef) => {
          survives(() => readSome(damaged(whole, change)));
          // References come from other files too.
          survives(() => void new IndexReader(whole, 'index').series(anyRef));
          survives(() => void new IndexReader(whole, 'index').postings(anyRef));
        }),
        { numRuns: 300 },
      );
    });

    test(`the chunks of ${block}`, async () => {
      const folder = join(conformancePath('tsdb-blocks'), block);
      const index = new IndexReader(await readFile(join(folder, 'index')), 'index');
      const names = await readdir(join(folder, 'chunks'));
      const segment = await readFile(join(folder, 'chunks', names[0]!));
      const chunks = [...index.allSeries()].flatMap((ref) => index.series(ref).chunks);
      const source = { file: 'chunks/000001' };
      fc.assert(
        fc.property(fc.nat(), damage, fc.nat(), (place, change, offset) => {
          const chunk = readChunk(segment, chunks[place % chunks.length]!.offset, source);
          const bytes = damaged(segment.subarray(chunk.start, chunk.end), change);
          for (const encoding of [chunk.encoding, 1, 2, 3]) {
            const raw = { encoding, bytes, start: 0, end: bytes.length };
            survives(() => void decodeChunk(raw, source, new SampleColumns(1)));
          }
          survives(() => void readChunk(segment, offset % (segment.length + 100), source));
        }),
        { numRuns: 500 },
      );
    });
  }

  test('a write-ahead log, its records and its pages', async () => {
    const path = join(conformancePath('tsdb-blocks'), 'own-live-wal/wal/00000000');
    const segment = await readFile(path);
    const records: Uint8Array[] = [];
    const reader = new WalSegmentReader(segment, 'wal');
    for (let record = reader.next(); record !== undefined; record = reader.next()) {
      records.push(Uint8Array.from(record.bytes));
    }
    const types = new Set(records.map((record) => record[0]));
    expect([...types]).toEqual(expect.arrayContaining([1, 2, 4, 7]));
    fc.assert(
      fc.property(fc.nat(), damage, (place, change) => {
        const record = damaged(records[place % records.length]!, change);
        survives(() => void decodeWalRecord(record, 'wal', 0, NOTHING));
      }),
      { numRuns: 2000 },
    );
    const pages = segment.subarray(0, 3 * 32_768);
    fc.assert(
      fc.property(damage, (change) => {
        const broken = new WalSegmentReader(damaged(pages, change), 'wal');
        survives(() => {
          while (broken.next() !== undefined);
        });
      }),
      { numRuns: 300 },
    );
  });
});

test('tombstones come back; damaged ones are refused', () => {
  const range = fc
    .tuple(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.integer())
    .map(([minTime, maxTime]) => ({ minTime, maxTime }));
  const tombstones = fc.array(
    fc.tuple(fc.nat({ max: 2 ** 40 }), fc.array(range, { minLength: 1 })),
  );
  fc.assert(
    fc.property(tombstones, damage, (entries, change) => {
      const wanted = new Map(entries);
      const bytes = writeTombstones(wanted);
      expect(readTombstones(bytes, 'tombstones')).toEqual(wanted);
      survives(() => void readTombstones(damaged(bytes, change), 'tombstones'));
    }),
  );
});

test('meta.json of any content is read or refused', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      survives(() => void parseBlockMeta(text, 'meta.json'));
    }),
  );
});
