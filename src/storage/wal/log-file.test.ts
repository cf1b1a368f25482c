import { expect, test } from 'vitest';
import { crc32c } from '../../util/index.ts';
import { ByteWriter } from './byte-writer.ts';
import {
  beginRecord,
  checkFileHeader,
  encodeFileHeader,
  endRecord,
  FILE_HEADER_BYTES,
  FileMagic,
  RECORD_HEADER_BYTES,
  scanRecords,
} from './log-file.ts';

/** A file with records of these bodies, and where each record begins. */
function fileOf(bodies: readonly string[]): { bytes: Uint8Array; starts: number[] } {
  const writer = new ByteWriter(16);
  writer.bytes(encodeFileHeader(FileMagic.SEGMENT, 7));
  const starts = bodies.map((body) => {
    const start = beginRecord(writer);
    writer.plainText(body);
    endRecord(writer, start);
    return start;
  });
  return { bytes: writer.written().slice(), starts };
}

function scan(bytes: Uint8Array): { found: string[] } & ReturnType<typeof scanRecords> {
  const found: string[] = [];
  const result = scanRecords(bytes, (start, end) => {
    found.push(new TextDecoder().decode(bytes.subarray(start, end)));
    return true;
  });
  return { found, ...result };
}

const BODIES = ['first', 'the second one', 'x', 'the last'];

test('headers of a record and a file have the size that the format says', () => {
  const { bytes, starts } = fileOf(['ab']);
  expect(starts).toEqual([16]);
  expect(bytes.length).toBe(FILE_HEADER_BYTES + RECORD_HEADER_BYTES + 2);
  expect(checkFileHeader(bytes, FileMagic.SEGMENT)).toBe('good');
  expect(checkFileHeader(bytes, FileMagic.CHECKPOINT)).toBe('damaged');
  expect(checkFileHeader(bytes.subarray(0, 15), FileMagic.SEGMENT)).toBe('damaged');
});

test('every record is found in order', () => {
  const { bytes } = fileOf(BODIES);
  expect(scan(bytes)).toEqual({
    found: BODIES,
    goodEnd: bytes.length,
    damaged: [],
    recordCount: 4,
  });
});

test('a file cut anywhere gives the records that are whole', () => {
  const { bytes, starts } = fileOf(BODIES);
  const ends = [...starts.slice(1), bytes.length];
  for (let length = FILE_HEADER_BYTES; length <= bytes.length; length++) {
    const whole = ends.filter((end) => end <= length).length;
    const { found, goodEnd, damaged } = scan(bytes.subarray(0, length));
    expect(found).toEqual(BODIES.slice(0, whole));
    expect(goodEnd).toBe(whole === 0 ? FILE_HEADER_BYTES : ends[whole - 1]);
    expect(damaged).toEqual([]);
  }
});

test('a flipped bit loses the record that has it and no other', () => {
  const { bytes, starts } = fileOf(BODIES);
  const ends = [...starts.slice(1), bytes.length];
  for (let at = FILE_HEADER_BYTES; at < bytes.length; at++) {
    const hit = ends.findIndex((end) => at < end);
    const flipped = bytes.slice();
    flipped[at] = flipped[at]! ^ (1 << (at & 7));
    const { found, goodEnd, damaged } = scan(flipped);
    expect(found).toEqual(BODIES.filter((_, index) => index !== hit));
    const isLast = hit === BODIES.length - 1;
    expect(goodEnd).toBe(isLast ? starts[hit] : bytes.length);
    expect(damaged).toEqual(isLast ? [] : [{ start: starts[hit], end: ends[hit] }]);
  }
});

test('zeros behind the records, as some file systems leave, are no records', () => {
  const { bytes } = fileOf(BODIES);
  const padded = new Uint8Array(bytes.length + 500);
  padded.set(bytes);
  expect(scan(padded)).toMatchObject({ found: BODIES, goodEnd: bytes.length, damaged: [] });
});

test('records that cannot be read count as damaged wherever they are, as one place', () => {
  const { bytes, starts } = fileOf(BODIES);
  const { damaged, goodEnd, recordCount } = scanRecords(bytes, (start) => start > starts[3]! + 99);
  expect(recordCount).toBe(0);
  expect(damaged).toEqual([{ start: FILE_HEADER_BYTES, end: bytes.length }]);
  expect(goodEnd).toBe(bytes.length);
});

test('a newer version is told from damage', () => {
  const bytes = encodeFileHeader(FileMagic.SEGMENT, 1);
  bytes[4] = 3;
  expect(checkFileHeader(bytes, FileMagic.SEGMENT)).toBe('damaged');
  new DataView(bytes.buffer).setUint32(12, crc32c(bytes, 0, 12), true);
  expect(checkFileHeader(bytes, FileMagic.SEGMENT)).toBe('newer');
});
